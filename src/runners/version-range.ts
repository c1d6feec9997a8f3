// Where a program's version stands against those that a record names.
// Invariant: numbers are compared as numbers; what cannot be compared is not judged.

export type VersionStanding = "older" | "tested" | "newer" | "unknown";

/** "older" than the minimum, "newer" than the tested one, "tested" between them (or with nothing to compare to: "unknown"). */
export function versionStanding(
	version: string | null,
	range: { readonly minimum: string | null; readonly tested: string | null },
): VersionStanding {
	if (version === null || (range.minimum === null && range.tested === null)) return "unknown";
	if (range.minimum !== null && compareVersions(version, range.minimum) < 0) return "older";
	if (range.tested === null) return "unknown";
	return compareVersions(version, range.tested) > 0 ? "newer" : "tested";
}

/** By each number in turn, 1.10 after 1.9, 1.2 and 1.2.0 the same; a letter behind a number comes after none (tmux 3.3a). */
export function compareVersions(a: string, b: string): number {
	const [one, other] = [partsOf(a), partsOf(b)];
	for (let index = 0; index < Math.max(one.length, other.length); index += 1) {
		const [left, right] = [one[index] ?? NOTHING, other[index] ?? NOTHING];
		if (left.number !== right.number) return left.number - right.number;
		if (left.letter !== right.letter) return left.letter < right.letter ? -1 : 1;
	}
	return 0;
}

interface Part {
	readonly number: number;
	readonly letter: string;
}

const NOTHING: Part = { number: 0, letter: "" };

/** Only the release: what follows `-` or `+` is not looked at. */
function partsOf(version: string): Part[] {
	const [release = ""] = version.split(/[-+\s]/);
	return release.split(".").map((part) => {
		const [, digits = "0", letter = ""] = /^(\d+)([a-z]*)/.exec(part) ?? [];
		return { number: Number(digits), letter };
	});
}
