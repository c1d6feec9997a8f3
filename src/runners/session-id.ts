// The id of a new session, where a program lets its caller choose one.
// Invariant: the same attempt of the same run always gives the same id, so that the session is found again after a crash.

import { createHash } from "node:crypto";
import type { RunnerRequest } from "./runner.ts";

/** A UUID of the form that random ones have. */
export function newSessionId({ sessionId, runId, attempt }: RunnerRequest["context"]): string {
	if (sessionId !== undefined) return sessionId;
	const bytes = createHash("sha256").update(`${runId}/${attempt}`).digest().subarray(0, 16);
	bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
	bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
	return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
