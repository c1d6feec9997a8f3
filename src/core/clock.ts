// Time as values: one reading of the clock, its two text forms, and durations as people write them.
// Everything else takes a Clock as an argument; all times are epoch milliseconds until they are printed.

import { MsgcodeError } from "./errors.ts";

export interface Clock {
	/** Epoch milliseconds. */
	now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** Epoch milliseconds by the system's clock. */
export function now(): number {
	return Date.now();
}

/** The last millisecond that a date with a year of four digits can name. */
export const LAST_TIME_MS = Date.UTC(10_000, 0) - 1;
const FIRST_TIME_MS = -62_135_596_800_000;

/** The nearest time that has a date: git and hand-written files hold any number. */
export function dateable(ms: number): number {
	return Math.min(Math.max(ms, FIRST_TIME_MS), LAST_TIME_MS);
}

/** `2026-01-02T03:04:05.678Z` */
export function isoTime(ms: number): string {
	return new Date(ms).toISOString();
}

/** `20260102T030405Z`: the form used in ids and file names. */
export function compactTime(ms: number): string {
	return `${isoTime(ms).slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
}

const UNITS = [
	["d", 86_400_000],
	["h", 3_600_000],
	["m", 60_000],
	["s", 1000],
	["ms", 1],
] as const;

const DURATION = /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9}(?:\.\d{1,3})?)s)?(?:(\d{1,12})ms)?$/;
const SECONDS = /^\d{1,12}(?:\.\d{1,3})?$/;

/** Milliseconds of `15m`, `1h30m`, `90s`, `2d`, `250ms`, or of a plain number of seconds. Throws input_invalid. */
export function parseDuration(value: string | number): number {
	const text = String(value).trim();
	const ms = SECONDS.test(text) ? Number(text) * 1000 : partsToMs(DURATION.exec(text));
	if (ms === null || text === "" || !Number.isSafeInteger(Math.round(ms))) {
		throw new MsgcodeError("input_invalid", `${JSON.stringify(value)} is not a duration.`, {
			hint: "Write it like 90s, 15m, 1h30m, 2d, or as a number of seconds.",
		});
	}
	return Math.round(ms);
}

function partsToMs(match: RegExpExecArray | null): number | null {
	if (match === null) {
		return null;
	}
	return UNITS.reduce((sum, [, unit], index) => sum + Number(match[index + 1] ?? 0) * unit, 0);
}

/** `250ms`, `1.5s`, `15m`, `1h30m`, `2d4h`: exact below a minute to the tenth of a second, then to the second. */
export function formatDuration(ms: number): string {
	const whole = Math.max(0, Math.round(ms));
	if (whole < 1000) {
		return `${whole}ms`;
	}
	if (whole < 59_950) {
		return `${Number((whole / 1000).toFixed(1))}s`;
	}
	let rest = Math.round(whole / 1000) * 1000;
	let text = "";
	for (const [name, unit] of UNITS) {
		const count = Math.floor(rest / unit);
		rest -= count * unit;
		text += count > 0 ? `${count}${name}` : "";
	}
	return text;
}
