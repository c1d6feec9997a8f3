// What an executor is asked: the first body of docs/executor-protocol.md.
// Invariant: no path of this machine and nothing of its environment goes out.

import { createHash } from "node:crypto";
import type { RunnerRequest } from "../../runner.ts";
import { type NoFile, readWorkspaceFile } from "../workspace-file.ts";
import type { RunHeaders } from "./executor-call.ts";

export const EXECUTOR_PROTOCOL = 1;
const FILE_BYTES = 1024 * 1024;
const ALL_BYTES = 8 * 1024 * 1024;

export interface SentFile {
	readonly path: string;
	readonly content: string | null;
	readonly encoding: "utf8" | "base64" | null;
	/** Why the content is not here. */
	readonly absent: NoFile | null;
}

/** One attempt of one run: whoever sends it twice means the same work. */
export function runKey({ runId, attempt }: Pick<RunnerRequest["context"], "runId" | "attempt">): string {
	return `${runId}.${attempt}`;
}

export function runHeaders({ context }: Pick<RunnerRequest, "context">): RunHeaders {
	const key = runKey(context);
	return {
		// All requests of a run, of every attempt, are found by it.
		traceId: createHash("sha256").update(context.runId).digest("hex").slice(0, 32),
		sessionId: plain(context.resume ?? context.sessionId ?? key),
		runId: plain(context.runId),
		key: plain(key),
	};
}

export function runBody({ workspacePath, payload, constraints, context }: RunnerRequest) {
	return {
		protocol: EXECUTOR_PROTOCOL,
		key: runKey(context),
		taskId: context.taskId,
		runId: context.runId,
		attempt: context.attempt,
		baseCommit: context.baseCommit ?? null,
		prompt: payload.prompt,
		model: payload.model === "auto" || payload.model === "" ? null : (payload.model ?? null),
		mode: payload.mode ?? null,
		resume: context.resume ?? null,
		constraints: {
			timeoutMs: constraints.timeoutMs,
			permission: constraints.permission ?? "edit",
			maxTurns: constraints.maxTurns ?? null,
		},
		files: filesOf(workspacePath, payload.files ?? []),
	};
}

function filesOf(root: string, paths: readonly string[]): SentFile[] {
	let room = ALL_BYTES;
	return paths.map((path) => {
		const content = readWorkspaceFile(root, path, Math.min(FILE_BYTES, room));
		if (typeof content === "string") return { path, content: null, encoding: null, absent: content };
		room -= content.length;
		const text = content.toString("utf8");
		const isText = Buffer.from(text, "utf8").equals(content);
		return {
			path,
			content: isText ? text : content.toString("base64"),
			encoding: isText ? "utf8" : "base64",
			absent: null,
		};
	});
}

/** As it may stand in a header. */
function plain(text: string): string {
	return text.replaceAll(/[^\x21-\x7e]/g, "_").slice(0, 200);
}
