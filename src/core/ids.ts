// Names of tasks and runs, and digests of content. A task's id is random: never a counter, never derived from content,
// so that two clones cannot give one id to two tasks.

import { createHash, randomBytes } from "node:crypto";
import { compactTime } from "./clock.ts";
import { SHORT_BYTES, sha256 } from "./sha256.ts";

/** Crockford's base32 in lower case: no i, l, o, u. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const TASK_ID = /^tsk_[0-9a-hjkmnp-tv-z]{10}$/;
const RUN_ID = /^run_\d{8}T\d{6}Z_[0-9a-f]{8}$/;

/** `tsk_` and ten characters of 5 random bits each. */
export function newTaskId(): string {
	return `tsk_${Array.from(randomBytes(10), (byte) => ALPHABET[byte & 31]).join("")}`;
}

/**
 * `run_20260102T030405Z_1a2b3c4d`: the start time in UTC, 8 bits of the second's fraction, 24 random bits. In the order of
 * their ids, the runs of a task are in the order of their starts.
 */
export function newRunId(ms: number): string {
	const fraction = Math.floor(((ms % 1000) * 256) / 1000);
	return `run_${compactTime(ms)}_${fraction.toString(16).padStart(2, "0")}${randomBytes(3).toString("hex")}`;
}

export function isTaskId(text: unknown): text is string {
	return typeof text === "string" && TASK_ID.test(text);
}

export function isRunId(text: unknown): text is string {
	return typeof text === "string" && RUN_ID.test(text);
}

/** `sha256:` and 64 hex digits. Text is taken as UTF-8. */
export function digest(data: string | Uint8Array): string {
	const bytes = typeof data === "string" ? Buffer.from(data) : data;
	const hex = bytes.length <= SHORT_BYTES ? sha256(bytes) : createHash("sha256").update(bytes).digest("hex");
	return `sha256:${hex}`;
}

/** Digest and length of a text that is itself not to be kept: hex of sha-256, and bytes of UTF-8. */
export function sizedDigest(text: string): { readonly sha256: string; readonly length: number } {
	const data = Buffer.from(text);
	return { sha256: createHash("sha256").update(data).digest("hex"), length: data.length };
}
