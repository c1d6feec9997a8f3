// One check of a task: a program of its own, run in the worktree after the runner, whose exit code is the evidence.
// Invariant: only digest, length and exit code of a check are recorded, never what it printed.

import { createHash } from "node:crypto";
import { join } from "node:path";
import { superviseProcess } from "../../core/supervisor.ts";
import { type AttemptRequest, RUN_MARKER } from "./attempt.ts";
import { missingOutput, RAW_LOG_BYTES } from "./missing-output.ts";

const CHECK_LINE_BYTES = 256 * 1024;

export interface CheckRun {
	readonly check: string | readonly string[];
	readonly position: number;
}

/** Runs one check of a task in the worktree, as its own supervised program. */
export async function runCheck(
	{ check, position }: CheckRun,
	request: Pick<
		AttemptRequest,
		"cwd" | "env" | "runId" | "timeoutMs" | "limits" | "enclosure" | "folder" | "cancel" | "kill" | "emit" | "hold"
	>,
) {
	const hash = createHash("sha256");
	let bytes = 0;
	let cutLines = 0;
	const command = typeof check === "string" ? check : check.join(" ");
	request.emit("run.status", { status: "checking", check: command });
	const ended = await superviseProcess({
		argv: typeof check === "string" ? ["/bin/sh", "-c", check] : check,
		wrapper: request.enclosure?.wrapper,
		cgroup: request.enclosure?.below,
		cwd: request.cwd,
		env: request.env,
		stdin: null,
		timeoutMs: request.timeoutMs,
		hold: request.hold,
		limits: request.limits,
		maxLineBytes: CHECK_LINE_BYTES,
		cancel: request.cancel,
		kill: request.kill,
		marker: { name: RUN_MARKER, value: request.runId },
		rawLogs: {
			stdout: join(request.folder.path, `check-${position + 1}.stdout.log`),
			stderr: join(request.folder.path, `check-${position + 1}.stderr.log`),
			maxBytes: RAW_LOG_BYTES,
		},
		onSpawn: () => {},
		onLine: (stream, text, truncated) => {
			const data = Buffer.from(`${text}\n`);
			hash.update(data);
			bytes += data.length;
			if (truncated) cutLines += 1;
			request.emit("run.log", { stream, text, check: position + 1, ...(truncated ? { truncated } : {}) });
		},
	});
	for (const warning of missingOutput(ended, cutLines, CHECK_LINE_BYTES, `check ${position + 1}`)) {
		request.emit("run.warning", { ...warning });
	}
	const status =
		ended.outcome === "exited" && ended.exitCode === 0
			? "ok"
			: ended.outcome === "timeout" || ended.outcome === "canceled"
				? ended.outcome
				: "failed";
	return {
		command,
		status,
		exitCode: ended.exitCode,
		durationMs: ended.endedAtMs - ended.startedAtMs,
		outputSha256: hash.digest("hex"),
		outputBytes: bytes,
	} as const;
}
