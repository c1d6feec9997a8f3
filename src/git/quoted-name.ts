// File names as git quotes them in its output: "b/\303\244.txt".

const ESCAPES: Readonly<Record<string, string>> = {
	a: "\x07",
	b: "\b",
	f: "\f",
	n: "\n",
	r: "\r",
	t: "\t",
	v: "\v",
};

/** The bytes between the quotes, one character for each (latin1), from the bytes of the written name in the same form. */
export function unquoted(text: string): string {
	return text.replace(/\\([0-7]{3}|.)/g, (_, code: string) =>
		code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (ESCAPES[code] ?? code),
	);
}
