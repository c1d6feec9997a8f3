import fc from "fast-check";
import { expect, test } from "vitest";
import { createLineSplitter } from "../../src/core/line-splitter.ts";

/** Feeds the bytes in pieces of that size; gives [text, truncated] per line. */
function split(bytes: Uint8Array | string, limit = 1000, piece = Number.POSITIVE_INFINITY): [string, boolean][] {
	const lines: [string, boolean][] = [];
	const splitter = createLineSplitter(limit, (text, truncated) => lines.push([text, truncated]));
	const all = Buffer.from(bytes as string);
	for (let start = 0; start < all.length; start += piece) splitter.write(all.subarray(start, start + piece));
	splitter.end();
	return lines;
}

test.each([
	["nothing", "", []],
	["one line", "a\n", ["a"]],
	["a last line without an end", "a\nb", ["a", "b"]],
	["empty lines", "\n\na\n", ["", "", "a"]],
	["CRLF", "a\r\nb\r\n", ["a", "b"]],
	["a carriage return inside", "10%\r20%\n", ["10%\r20%"]],
	["a byte order mark stays", "\ufeffa\n", ["\ufeffa"]],
])("%s", (_, text, expected) => {
	for (const piece of [1, 2, 3, 1000]) {
		expect(split(text, 1000, piece)).toEqual(expected.map((line) => [line, false]));
	}
});

test("a line of exactly the limit is whole, one byte more is cut and the rest dropped", () => {
	for (const piece of [1, 3, 4, 5, 1000]) {
		expect(split("abcd\nnext\n", 4, piece)).toEqual([
			["abcd", false],
			["next", false],
		]);
		expect(split("abcd\r\nnext\r\n", 4, piece)).toEqual([
			["abcd", false],
			["next", false],
		]);
		expect(split("abcdefghijkl\nnext\n", 4, piece)).toEqual([
			["abcd", true],
			["next", false],
		]);
		expect(split("abcdefghijkl", 4, piece)).toEqual([["abcd", true]]);
	}
});

test("a cut never leaves half a character", () => {
	for (const [text, kept] of [
		["aaé", "aa"],
		["a新x", "a"],
		["😀", ""],
		["aé新", "aé"],
	]) {
		expect(split(`${text}\n`, 3)).toEqual([[kept, true]]);
	}
});

test("bytes that are no UTF-8 become replacement characters, also when they are cut", () => {
	expect(split(Buffer.from("a\xff\xfeb\n", "latin1"))).toEqual([["a��b", false]]);
	expect(split(Buffer.from("\x80\x80\x80\x80\x80\n", "latin1"), 3)).toEqual([["���", true]]);
});

test("however the bytes arrive, the lines are the same, and none is longer than allowed", () => {
	const bytes = fc.array(fc.oneof(fc.constantFrom(10, 13, 0xe6, 0x96, 0xb0), fc.integer({ min: 0, max: 255 })), {
		maxLength: 60,
	});
	fc.assert(
		fc.property(bytes, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 7 }), (input, limit, piece) => {
			const data = Uint8Array.from(input);
			const whole = split(data, limit);
			expect(split(data, limit, piece)).toEqual(whole);
			// A replacement character takes three bytes where one was.
			for (const [text] of whole) expect([...text].length).toBeLessThanOrEqual(limit);
		}),
	);
});
