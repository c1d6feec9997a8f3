// Where things stand in a JSON text: JSON.parse tells neither the place of every mistake nor the line of a key.
// Only read when a record is wrong, so it may be slow, but it never recurses and never throws.

const TOKEN =
	/[ \t\r\n]*(?:("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|true|false|null)|([{}[\],:]))/y;

type Expected = "value" | "first value" | "key" | "first key" | "colon" | "comma" | "nothing";

export interface JsonScan {
	/** Offset of the first thing that is not JSON, or null. */
	readonly brokenAt: number | null;
	/** The keys of the outermost object and of objects in it, in order, with the offset of each. */
	readonly keys: readonly { readonly path: readonly string[]; readonly offset: number }[];
}

/** Walks the text once. Keys inside arrays are not listed. */
export function scanJson(source: string): JsonScan {
	const keys: { path: string[]; offset: number }[] = [];
	const open: { object: boolean; key: string | null }[] = [];
	let expected: Expected = "value";
	const pattern = new RegExp(TOKEN);
	let at = 0;
	while (at < source.length) {
		pattern.lastIndex = at;
		const found = pattern.exec(source);
		if (found === null) return { brokenAt: Math.min(skipSpace(source, at), source.trimEnd().length), keys };
		const [, string, other, sign] = found;
		const offset = pattern.lastIndex - (string ?? other ?? sign ?? "").length;
		const top = open.at(-1);
		let next: Expected | null = null;
		if (string !== undefined && (expected === "key" || expected === "first key") && top !== undefined) {
			top.key = JSON.parse(string) as string;
			if (open.every((level) => level.object)) keys.push({ path: open.map((level) => level.key ?? ""), offset });
			next = "colon";
		} else if ((string ?? other) !== undefined) {
			next = expected === "value" || expected === "first value" ? after(open) : null;
		} else if (sign === "{" || sign === "[") {
			if (expected === "value" || expected === "first value") {
				open.push({ object: sign === "{", key: null });
				next = sign === "{" ? "first key" : "first value";
			}
		} else if (sign === "}" || sign === "]") {
			const closes = expected === "comma" || expected === (sign === "}" ? "first key" : "first value");
			if (closes && top?.object === (sign === "}")) {
				open.pop();
				next = after(open);
			}
		} else if (sign === "," && expected === "comma") {
			next = top?.object === true ? "key" : "value";
		} else if (sign === ":" && expected === "colon") {
			next = "value";
		}
		if (next === null) return { brokenAt: offset, keys };
		expected = next;
		at = pattern.lastIndex;
		if (expected === "nothing") at = skipSpace(source, at);
		if (expected === "nothing" && at < source.length) return { brokenAt: at, keys };
	}
	return { brokenAt: expected === "nothing" ? null : source.trimEnd().length, keys };
}

function after(open: readonly unknown[]): Expected {
	return open.length === 0 ? "nothing" : "comma";
}

function skipSpace(source: string, from: number): number {
	let at = from;
	while (at < source.length && " \t\r\n".includes(source.charAt(at))) at += 1;
	return at;
}
