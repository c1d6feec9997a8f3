// The runner protocol, version 1: how msgcode talks with a program that was made to be a runner. One JSON object per line:
// a request on stdin, and answers of people after it; events on stdout, and one result as the last word.
// Invariant: a program that ends without a result has failed, whatever its exit code.

import type { ErrorCode } from "../core/errors.ts";
import { EVENT_TYPES, type EventType } from "../core/event.ts";
import { objectIn, textIn } from "./json-value.ts";
import type { RunnerRequest, Usage } from "./runner.ts";

export const PROTOCOL = 1;

/** What a program may report of its own end; another code counts as RUNNER_FAILED. */
export const REPORTABLE_CODES = [
	"RUNNER_NOT_FOUND",
	"RUNNER_NOT_STARTED",
	"RUNNER_FAILED",
	"RUNNER_INCOMPLETE",
	"RUNNER_OUTPUT_INVALID",
	"RUNNER_UNREACHABLE",
	"AUTH_MISSING",
	"TRUST_REQUIRED",
	"COOLDOWN",
	"TMUX_SESSION_DEAD",
	"PAYLOAD_EMPTY",
	"ROUTE_NOT_FOUND",
] as const satisfies readonly ErrorCode[];

export type ReportableCode = (typeof REPORTABLE_CODES)[number];

/** The first line on the program's stdin. */
export interface RequestLine extends RunnerRequest {
	readonly type: "request";
	readonly protocol: typeof PROTOCOL;
}

/** A later line there: what a person answered. */
export interface ReplyLine {
	readonly type: "human_loop.reply";
	readonly questionId: string;
	readonly answer: string;
}

/** The last line on the program's stdout. */
export interface ResultLine {
	readonly type: "result";
	readonly status: "ok" | "error";
	readonly errorCode: ReportableCode | null;
	/** Numbers, flags and short words. */
	readonly details: Readonly<Record<string, unknown>>;
	/** Its last words. */
	readonly preview: string;
	readonly usage: Usage | null;
	readonly session: string | null;
	readonly model: string | null;
	/** With COOLDOWN. */
	readonly limit: { readonly resetAtMs: number | null; readonly text: string | null } | null;
	/** The name of a file in the run's folder that holds a unified diff. */
	readonly diff: string | null;
	/** Names of files in the run's folder. */
	readonly artifacts: readonly string[];
}

/** Said as soon as it is known, so that a run whose process dies can still go on in its session. */
export interface SessionLine {
	readonly type: "session";
	readonly session: string | null;
	readonly model: string | null;
	readonly version: string | null;
}

export interface EventLine {
	readonly type: EventType;
	readonly data: Readonly<Record<string, unknown>>;
}

/** Events that only msgcode itself writes: a program that sends one is not believed. */
const OWN_EVENTS: readonly string[] = [
	"run.started",
	"run.status",
	"run.attempt_started",
	"run.attempt_failed",
	"run.attempt_succeeded",
	"run.finished",
	"human_loop.resolved",
];

export function requestLine(request: RunnerRequest): string {
	return `${JSON.stringify({ type: "request", protocol: PROTOCOL, ...request } satisfies RequestLine)}\n`;
}

export function replyLine(questionId: string, answer: string): string {
	return `${JSON.stringify({ type: "human_loop.reply", questionId, answer } satisfies ReplyLine)}\n`;
}

/** The event that an object on stdout is, or null. */
export function eventIn(line: Readonly<Record<string, unknown>>): EventLine | null {
	const { type, data } = line;
	if (typeof type !== "string" || OWN_EVENTS.includes(type)) return null;
	if (!(EVENT_TYPES as readonly string[]).includes(type)) return null;
	if (typeof data !== "object" || data === null || Array.isArray(data)) return null;
	return { type: type as EventType, data: data as EventLine["data"] };
}

/** What the program says of itself, or null. */
export function sessionIn(line: Readonly<Record<string, unknown>>): SessionLine | null {
	if (line.type !== "session") return null;
	return {
		type: "session",
		session: textIn(line.session),
		model: textIn(line.model),
		version: textIn(line.version),
	};
}

/** The result that an object on stdout is, with what it leaves out filled in; null when it is none. */
export function resultIn(line: Readonly<Record<string, unknown>>): ResultLine | null {
	if (line.type !== "result" || (line.status !== "ok" && line.status !== "error")) return null;
	const ok = line.status === "ok";
	const code = (REPORTABLE_CODES as readonly unknown[]).includes(line.errorCode)
		? (line.errorCode as ReportableCode)
		: "RUNNER_FAILED";
	const limit = objectIn(line.limit);
	const usage = objectIn(line.usage);
	return {
		type: "result",
		status: line.status,
		errorCode: ok ? null : code,
		details: shortFacts(line.details),
		preview: textIn(line.preview) ?? "",
		usage:
			usage === null
				? null
				: {
						inputTokens: amountOr(usage.inputTokens),
						outputTokens: amountOr(usage.outputTokens),
						costUsd: amountOr(usage.costUsd),
					},
		session: textIn(line.session),
		model: textIn(line.model),
		limit: limit === null ? null : { resetAtMs: amountOr(limit.resetAtMs), text: textIn(limit.text) },
		diff: fileName(line.diff),
		artifacts: Array.isArray(line.artifacts)
			? line.artifacts.flatMap((name: unknown) => fileName(name) ?? []).slice(0, 100)
			: [],
	};
}

/** A name inside the run's folder: relative, without a way out. */
function fileName(value: unknown): string | null {
	if (typeof value !== "string" || value === "" || value.length > 500 || value.startsWith("/")) return null;
	return /[\0-\x1f\\]/.test(value) || value.split("/").some((part) => part === ".." || part === "." || part === "")
		? null
		: value;
}

/** Details go into tracked files: what is longer than a word or two, or nested, does not. */
function shortFacts(value: unknown): Record<string, unknown> {
	const entries = Object.entries(objectIn(value) ?? {}).slice(0, 20);
	return Object.fromEntries(
		entries.filter(
			([, fact]) =>
				fact === null ||
				typeof fact === "boolean" ||
				(typeof fact === "number" && Number.isFinite(fact)) ||
				(typeof fact === "string" && /^[\w.:/@ -]{0,80}$/.test(fact)),
		),
	);
}

function amountOr(value: unknown): number | null {
	return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}
