import { describe, expect, it } from "vitest";
import { compactTime, formatDuration, isoTime, now, parseDuration, systemClock } from "../../src/core/clock.ts";

const moment = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

describe("times", () => {
	it("print as ISO-8601 in UTC and in the compact form of ids", () => {
		expect(isoTime(moment)).toBe("2026-01-02T03:04:05.678Z");
		expect(compactTime(moment)).toBe("20260102T030405Z");
	});

	it("come from the system's clock unless a clock is given", () => {
		const before = Date.now();
		expect(now()).toBeGreaterThanOrEqual(before);
		expect(systemClock.now()).toBeGreaterThanOrEqual(before);
	});
});

describe("durations", () => {
	it.each([
		["15m", 900_000],
		["1h30m", 5_400_000],
		["90s", 90_000],
		["1.5s", 1500],
		["2d4h", 187_200_000],
		["250ms", 250],
		["1m250ms", 60_250],
		["90", 90_000],
		["0", 0],
		[" 5s ", 5000],
		[90, 90_000],
		[0.25, 250],
	])("%j is %d ms", (text, ms) => {
		expect(parseDuration(text)).toBe(ms);
	});

	it.each(["", "m", "15 m", "-5s", "5s1h", "1e9", "Infinity", "5m5m", "15min", "0x10", "9".repeat(400), "١s"])(
		"%j is refused",
		(text) => {
			expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: "input_invalid" }));
		},
	);

	it.each([Number.NaN, Number.POSITIVE_INFINITY, -1, 1e20])("the number %d is refused", (value) => {
		expect(() => parseDuration(value)).toThrow(expect.objectContaining({ code: "input_invalid" }));
	});

	it.each([
		[0, "0ms"],
		[-5, "0ms"],
		[999, "999ms"],
		[1500, "1.5s"],
		[59_949, "59.9s"],
		[59_999, "1m"],
		[900_000, "15m"],
		[5_400_000, "1h30m"],
		[187_200_000, "2d4h"],
	])("%d ms print as %s", (ms, text) => {
		expect(formatDuration(ms)).toBe(text);
	});

	it("of whole seconds survive printing and reading", () => {
		for (let seconds = 1; seconds < 200_000; seconds = seconds * 3 + 1) {
			expect(parseDuration(formatDuration(seconds * 1000))).toBe(seconds * 1000);
		}
	});
});
