// Whether the upstream was rewritten: commits that it once had, as far as this clone has seen, and has no more.
// Invariant: it only reads; a clone without reflogs knows only what its remote-tracking ref said before the fetch.
import type { Git } from "../../git/plumbing.ts";

/** Of `unpushed` those that the upstream had at some time. `former` is its tip as it was known before the fetch. */
export async function oncePublished(
	git: Git,
	cwd: string,
	upstream: { readonly trackingRef: string; readonly former: string | null; readonly tip: string },
	unpushed: readonly string[],
): Promise<ReadonlySet<string>> {
	const { trackingRef, former, tip } = upstream;
	const log = await git(["log", "-g", "--format=%H", trackingRef, "--"], { cwd, accept: [0, 128] });
	const seen = linesOf(log.stdout);
	// The first entry tells from where the ref came; a clone makes none for that.
	const first = await git(["rev-parse", "--verify", "--quiet", `${trackingRef}@{${seen.length}}`], {
		cwd,
		accept: [0, 1, 128],
	});
	const tips = new Set([...seen, ...linesOf(first.stdout), ...(former === null ? [] : [former])]);
	tips.delete(tip);
	if (tips.size === 0 || unpushed.length === 0) return new Set();
	const stdin = `${[...tips, `^${tip}`].join("\n")}\n`;
	const lost = new Set(linesOf((await git(["rev-list", "--ignore-missing", "--stdin"], { cwd, stdin })).stdout));
	return new Set(unpushed.filter((oid) => lost.has(oid)));
}

function linesOf(output: Buffer): string[] {
	return output
		.toString("latin1")
		.split("\n")
		.filter((line) => /^[0-9a-f]{40,64}$/.test(line));
}
