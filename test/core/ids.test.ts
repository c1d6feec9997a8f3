import { describe, expect, it } from "vitest";
import { digest, isRunId, isTaskId, newRunId, newTaskId } from "../../src/core/ids.ts";

describe("a task id", () => {
	it("is tsk_ and ten characters of Crockford's base32 in lower case", () => {
		for (let count = 0; count < 500; count += 1) {
			const id = newTaskId();
			expect(id).toMatch(/^tsk_[0-9abcdefghjkmnpqrstvwxyz]{10}$/);
			expect(isTaskId(id)).toBe(true);
		}
	});

	it("is random: ten thousand differ, and every character of the alphabet is used", () => {
		const ids = new Set(Array.from({ length: 10_000 }, newTaskId));
		expect(ids.size).toBe(10_000);
		expect(new Set([...ids].join("").replaceAll("tsk_", "")).size).toBe(32);
	});

	it.each([
		"tsk_0123456789a",
		"tsk_012345678",
		"tsk_012345678i",
		"tsk_012345678L",
		"tsk_0123456789\n",
		"tsk_../../etc/",
		"",
		7,
		null,
	])("is not %j", (text) => {
		expect(isTaskId(text)).toBe(false);
	});
});

describe("a run id", () => {
	it("is its start time in UTC and eight hex digits", () => {
		const id = newRunId(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
		expect(id).toMatch(/^run_20260102T030405Z_[0-9a-f]{8}$/);
		expect(isRunId(id)).toBe(true);
	});

	it("sorts by its start time, also within a second", () => {
		const start = Date.UTC(2026, 0, 2, 3, 4, 5);
		const ids = Array.from({ length: 300 }, (_, step) => newRunId(start + step * 4));
		expect(ids.toSorted()).toEqual(ids);
		expect(newRunId(start)).toMatch(/_00[0-9a-f]{6}$/);
		expect(newRunId(start + 999)).toMatch(/_ff[0-9a-f]{6}$/);
	});

	it.each([
		"run_20260102T030405Z_1234567",
		"run_20260102T030405Z_1234567G",
		"run_x",
		"run_20260102T030405Z_12345678/..",
		undefined,
	])("is not %j", (text) => {
		expect(isRunId(text)).toBe(false);
	});
});

describe("a digest", () => {
	it("is the SHA-256 of the bytes, and text counts as UTF-8", () => {
		expect(digest("abc")).toBe("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
		expect(digest("ä")).toBe(digest(Buffer.from("ä", "utf8")));
	});
});
