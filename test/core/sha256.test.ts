import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { digest } from "../../src/core/ids.ts";
import { SHORT_BYTES, sha256 } from "../../src/core/sha256.ts";

const byNode = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");

test("it is node:crypto's function for every length around its blocks", () => {
	for (let length = 0; length <= 260; length += 1) {
		const data = Uint8Array.from({ length }, (_, position) => (position * 7 + length) & 255);
		expect(sha256(data), String(length)).toBe(byNode(data));
	}
});

test("it is node:crypto's function for any bytes and any text", () => {
	fc.assert(fc.property(fc.uint8Array({ maxLength: 5000 }), (data) => void expect(sha256(data)).toBe(byNode(data))));
	fc.assert(
		fc.property(fc.string({ unit: "binary" }), (text) => void expect(digest(text)).toBe(`sha256:${byNode(text)}`)),
	);
});

test("a digest is the same on both sides of the length at which node:crypto takes over", () => {
	for (const length of [SHORT_BYTES - 1, SHORT_BYTES, SHORT_BYTES + 1, SHORT_BYTES * 40]) {
		const text = "é".repeat(length / 2) + "x".repeat(length % 2);
		expect(digest(text)).toBe(`sha256:${byNode(text)}`);
		expect(digest(Buffer.from(text))).toBe(`sha256:${byNode(text)}`);
		expect(sha256(Buffer.from(text))).toBe(byNode(text));
	}
});
