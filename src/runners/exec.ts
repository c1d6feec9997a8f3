// A runner that is only declared: a program, its arguments with placeholders, and a rule of success.
// Invariant: no shell, no code of its own; an agent's success needs its own word for it beside the exit code.

import type { ExecDeclaration, JsonLineRule } from "../config/exec-declaration.ts";
import { driverProgram } from "../core/program-files.ts";
import type { ProcessOutcome } from "../core/supervisor.ts";
import type { Capability } from "./capabilities.ts";
import { matchLine, previewIn, unmet, usageIn } from "./json-line.ts";
import { fill, fillArguments, type PlaceholderValues, placeholdersIn } from "./placeholders.ts";
import { failed, nothingSeen, outcomeOf, processVerdict, remember, type Verdict } from "./process-verdict.ts";
import { checkArguments, checkEnvironment } from "./request-check.ts";
import type { Runner, RunnerEvent, RunnerPlan, RunnerRequest, Seen } from "./runner.ts";
import { newSessionId } from "./session-id.ts";

interface Memory extends Seen {
	/** The last line of JSON that the success rule matches. */
	lastMatch: Readonly<Record<string, unknown>> | null;
}

/** `own`: values that come with the declaration, such as the folder that it stands in. */
export function execRunner(capability: Capability, declaration: ExecDeclaration, own: PlaceholderValues = {}): Runner {
	const { id } = capability;
	const success = typeof declaration.success === "object" ? declaration.success : {};
	const rule = success.jsonLine;
	return {
		kind: id,
		capability,
		prepare: (request) => planOf(id, declaration, request, own),
		begin: (): Memory => ({ ...nothingSeen(), lastMatch: null }),
		interpret(seen: Memory, stream, text, truncated) {
			remember(seen, stream, text);
			const events: RunnerEvent[] = [
				{ type: "run.log", data: truncated ? { stream, text, truncated } : { stream, text } },
			];
			if (rule === undefined || stream !== "stdout") return events;
			if (truncated) seen.truncatedLines += 1;
			const match = truncated ? null : matchLine(rule, text);
			if (match === null) return events;
			seen.lastMatch = match;
			const usage = usageIn(rule, match);
			seen.usage = usage;
			return usage === null ? events : [...events, { type: "run.usage", data: { ...usage } }];
		},
		outcome(process, seen: Memory) {
			const verdict = judge(process, seen, success.exit_codes, rule);
			return outcomeOf(verdict, seen, saidLast(seen, rule, verdict));
		},
	};
}

/** The call of a declared program; of its stdin only that of a program that reads the prompt. */
export function planOf(
	id: string,
	declaration: ExecDeclaration,
	{ workspacePath, payload, context }: RunnerRequest,
	own: PlaceholderValues = {},
): RunnerPlan {
	const model = payload.model === "auto" ? undefined : (payload.model ?? undefined);
	const values: PlaceholderValues = {
		PROMPT: payload.prompt,
		WORKSPACE: workspacePath,
		INPUT: context.inputFile,
		OUTPUT: context.outputFile,
		MODEL: model,
		MODEL_ROOT: context.modelRoot ?? own.MODEL_ROOT,
		RUNNER_DIR: own.RUNNER_DIR,
		TASK_ID: context.taskId,
		// The names that the older form of runners.json gives to the same two.
		TEXT: payload.prompt,
		MSG_ID: context.runId,
		NODE: process.execPath,
		DRIVER: driverProgram(),
		RUN_ID: context.runId,
		SESSION_ID: newSessionId(context),
	};
	const { argv, redacted } = fillArguments(id, declaration.argv, values);
	const extra = payload.args ?? [];
	checkArguments(id, [...argv, ...extra]);
	const env: [string, string][] = [];
	for (const [name, template] of Object.entries(declaration.env ?? {})) {
		const value = fill(id, template, values);
		if (value !== null) env.push([name, value]);
	}
	const writes = declaration.argv.concat(Object.values(declaration.env ?? {})).flatMap(placeholdersIn);
	return {
		argv: [...argv, ...extra],
		env: checkEnvironment(id, { ...Object.fromEntries(env), ...payload.env }),
		passEnv: declaration.passEnv ?? [],
		stdin: declaration.stdin === "prompt" || declaration.stdin === "text" ? payload.prompt : null,
		stdinStaysOpen: false,
		redactedArgv: [...redacted, ...extra.map((argument) => argument.replaceAll(workspacePath, "{WORKSPACE}"))],
		artifacts: writes.includes("OUTPUT") && context.outputFile !== undefined ? [context.outputFile] : [],
	};
}

function judge(
	process: ProcessOutcome,
	seen: Memory,
	okCodes: readonly number[] | undefined,
	rule: JsonLineRule | undefined,
): Verdict {
	const verdict = processVerdict(process, okCodes);
	if (verdict.status !== "ok" || rule === undefined) return verdict;
	const { exitCode } = process;
	if (seen.lastMatch === null) {
		const { truncatedLines } = seen;
		return failed("error", "RUNNER_FAILED", { exitCode, result: "missing", truncatedLines });
	}
	const missed = unmet(seen.lastMatch, rule.require);
	if (missed.length === 0) return verdict;
	return failed("error", "RUNNER_FAILED", { exitCode, result: "not_successful", unmet: missed });
}

function saidLast(seen: Memory, rule: JsonLineRule | undefined, verdict: Verdict): string {
	const word = rule === undefined || seen.lastMatch === null ? null : previewIn(rule, seen.lastMatch);
	if (word !== null) return word;
	const onlyErrors = verdict.status !== "ok" && seen.stdoutTail.trim() === "";
	return onlyErrors ? seen.stderrTail : seen.stdoutTail;
}
