// Private keys in PEM form, which stretch over lines. A heading alone (in documentation, in a parser's source) is no
// key: only a heading that key material follows counts.

const BEGIN = /-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/;
const END = /-----END (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/;
/** Key material on the heading's own line, as in JSON and .env files: `-----\nMIIE…`. */
const SAME_LINE = /^(?:\\[nr]|["'\s])*[A-Za-z0-9+/=]{32}/;
const BODY = /^[\s"'`*#/+]{0,200}[A-Za-z0-9+/=]{32}/;
/** Between heading and material: `Proc-Type: 4,ENCRYPTED`, an empty line. */
const HEADER = /^[\s"'`*#/+]{0,200}(?:[A-Za-z-]{1,40}: .{0,200})?\s{0,200}$/;
const MOST_HEADER_LINES = 6;
const MOST_BODY_LINES = 400;

export interface PrivateKeyFinder {
	/** Takes the next line; the number of the heading's line once material has followed it, else null. */
	next(line: string, lineNumber: number): number | null;
}

/** Watches the lines of one file for a heading with key material after it. */
export function privateKeyFinder(): PrivateKeyFinder {
	let heading: { line: number; left: number } | null = null;
	return {
		next(line, lineNumber) {
			const begin = BEGIN.exec(line);
			if (begin !== null) {
				const rest = line.slice(begin.index + begin[0].length);
				if (SAME_LINE.test(rest)) {
					heading = null;
					return lineNumber;
				}
				heading = { line: lineNumber, left: MOST_HEADER_LINES };
				return null;
			}
			if (heading === null) {
				return null;
			}
			const found = BODY.test(line) ? heading.line : null;
			heading.left -= 1;
			if (found !== null || heading.left === 0 || !HEADER.test(line)) {
				heading = null;
			}
			return found;
		},
	};
}

/** Hides key material line by line: everything from a heading to its end, however many calls it takes to arrive. */
export function privateKeyHider(hidden: string): (line: string) => string {
	let left = 0;
	return (line) => {
		let rest = line;
		let result = "";
		if (left > 0) {
			left -= 1;
			const end = END.exec(rest);
			if (end === null) {
				return /^\s*$/.test(rest) ? rest : hidden;
			}
			left = 0;
			result = hidden;
			rest = rest.slice(end.index + end[0].length);
		}
		for (let begin = BEGIN.exec(rest); begin !== null; begin = BEGIN.exec(rest)) {
			const after = rest.slice(begin.index + begin[0].length);
			const end = END.exec(after);
			result += rest.slice(0, begin.index) + hidden;
			if (end === null) {
				left = MOST_BODY_LINES;
				return result;
			}
			rest = after.slice(end.index + end[0].length);
		}
		return result + rest;
	};
}
