// Pieces of text, gathered: joined they are the text, and none is too long.
import { describe, expect, test, vi } from "vitest";
import { coalesce } from "../../../src/runners/drivers/coalesced-text.ts";

function gather(pieces: readonly string[]) {
	const said: string[] = [];
	const text = coalesce((piece) => said.push(piece));
	for (const piece of pieces) text.add(piece);
	const any = text.flush();
	return { said, any };
}

describe("coalesced text", () => {
	test("is said in fewer pieces", () => {
		const pieces = Array.from({ length: 1_000 }, (_, at) => `word${at} `);
		const { said } = gather(pieces);
		expect(said.join("")).toBe(pieces.join(""));
		expect(said.length).toBeLessThan(30);
	});

	test("is cut where it is too long for a line, never within a character", () => {
		const long = `x${"🙂".repeat(100_000)}`;
		const { said } = gather([long]);
		expect(said.join("")).toBe(long);
		expect(Math.max(...said.map((piece) => piece.length))).toBeLessThanOrEqual(32 * 1024);
		expect(said.every((piece) => piece.isWellFormed())).toBe(true);
	});

	test("tells whether anything was said", () => {
		expect(gather([""])).toEqual({ said: [], any: false });
		expect(gather(["a"])).toEqual({ said: ["a"], any: true });
	});

	test("that is few waits only a moment", () => {
		vi.useFakeTimers();
		try {
			const said: string[] = [];
			coalesce((piece) => said.push(piece)).add("a");
			expect(said).toEqual([]);
			vi.advanceTimersByTime(1_000);
			expect(said).toEqual(["a"]);
		} finally {
			vi.useRealTimers();
		}
	});
});
