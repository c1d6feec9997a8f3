// A program that speaks the runner protocol: msgcode's own drivers, and those that users write.
// Invariant: ok needs the program's result and a clean exit, or its result alone when it lingered after it.

import type { ExecDeclaration } from "../config/exec-declaration.ts";
import { MsgcodeError } from "../core/errors.ts";
import type { ProcessOutcome } from "../core/supervisor.ts";
import { type Agent, agentRunner } from "./agents/agent.ts";
import type { Capability } from "./capabilities.ts";
import type { LimitReached } from "./event-data.ts";
import { planOf } from "./exec.ts";
import type { JsonObject } from "./json-value.ts";
import type { PlaceholderValues } from "./placeholders.ts";
import { failed, OK, processVerdict, type Verdict } from "./process-verdict.ts";
import { eventIn, type ResultLine, requestLine, resultIn, sessionIn } from "./protocol.ts";
import type { Runner, RunnerEvent, RunnerLimit, RunnerRequest, Seen } from "./runner.ts";

interface Memory {
	result: ResultLine | null;
	/** It has said its limit as an event of its own. */
	limitSaid: boolean;
}

/** `own`: values that come with the declaration, such as the folder that it stands in. */
export function protocolRunner(
	capability: Capability,
	declaration: ExecDeclaration,
	own: PlaceholderValues = {},
): Runner {
	const speaker: Agent<Memory> = {
		plan(request) {
			if (capability.inputs.includes("argv")) requireProgram(capability.id, request);
			const plan = planOf(capability.id, declaration, request, own);
			return { ...plan, stdin: requestLine(request), stdinStaysOpen: true };
		},
		remember: () => ({ result: null, limitSaid: false }),
		read,
		judge,
	};
	const runner = agentRunner(capability, speaker);
	return {
		...runner,
		outcome(process, seen) {
			const { result } = seen as Seen & Memory;
			const outcome = runner.outcome(process, seen);
			// What it made counts after a failure too; a diff is work that is offered, and only a success offers it.
			return {
				...outcome,
				diffFile: outcome.status === "ok" ? (result?.diff ?? null) : null,
				artifacts: result?.artifacts ?? [],
			};
		},
	};
}

/** The program to start is the task's to name; without one nothing could be approved. */
function requireProgram(id: string, { payload }: RunnerRequest): void {
	if ((payload.args?.[0] ?? "") !== "") return;
	throw new MsgcodeError("task_invalid_spec", `Runner ${id} was given no program to start.`, {
		hint: `Name it: \`msgcode task edit <id> --runner ${id} -- <program> <argument> …\``,
	});
}

function read(memory: Seen & Memory, line: JsonObject) {
	const result = resultIn(line);
	if (result !== null) {
		memory.result = result;
		memory.terminal = true;
		memory.session = result.session ?? memory.session;
		memory.model = result.model ?? memory.model;
		memory.usage = result.usage ?? memory.usage;
		memory.limit = limitOf(result);
		memory.lastText = result.preview;
		return memory.limit === null || memory.limitSaid ? [] : [limitEvent(memory.limit)];
	}
	const identity = sessionIn(line);
	if (identity !== null) {
		memory.session = identity.session ?? memory.session;
		memory.model = identity.model ?? memory.model;
		memory.version = identity.version ?? memory.version;
		return [];
	}
	const event = eventIn(line);
	if (event?.type === "run.limit") memory.limitSaid = true;
	return event === null ? null : [event];
}

function limitOf({ errorCode, limit }: ResultLine): RunnerLimit | null {
	return errorCode === "COOLDOWN" ? (limit ?? { resetAtMs: null, text: null }) : null;
}

function limitEvent({ resetAtMs, text }: RunnerLimit): RunnerEvent {
	return { type: "run.limit", data: { resetAtMs, estimated: resetAtMs === null, text } satisfies LimitReached };
}

function judge(process: ProcessOutcome, { result, truncatedLines }: Readonly<Seen & Memory>): Verdict {
	const verdict = processVerdict(process);
	const { exitCode } = process;
	if (result === null) {
		if (verdict.status !== "ok") return verdict;
		return failed("error", "RUNNER_INCOMPLETE", { exitCode, result: "missing", truncatedLines });
	}
	if (process.outcome !== "exited" && process.outcome !== "lingered") return verdict;
	if (result.status === "error") {
		const limit = limitOf(result);
		const reset = limit === null ? {} : { resetAtMs: limit.resetAtMs, estimated: limit.resetAtMs === null };
		return failed("error", result.errorCode ?? "RUNNER_FAILED", { ...result.details, ...reset });
	}
	return verdict.status === "ok" ? { ...OK, details: result.details } : verdict;
}
