// JSON for people and terminals. Invariant: what it gives is safe to show; no character in it moves the terminal's cursor.

// JSON.stringify leaves these raw; a terminal that shows the document would act on them.
const UNESCAPED = /[\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** The value as pretty-printed JSON; `depth` is how deep it stands in a larger document: its later lines are indented. */
export function prettyJson(value: unknown, depth = 0): string {
	const text = JSON.stringify(value, null, 2).replace(
		UNESCAPED,
		(character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
	);
	return depth === 0 ? text : text.replaceAll("\n", `\n${"  ".repeat(depth)}`);
}
