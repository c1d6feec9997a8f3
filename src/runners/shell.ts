// The shell runner: an argv as it stands, or a script run by an explicit shell.
// Invariant: the prompt is never executed and never an argument; a command finds it in MSGCODE_TASK_FILE.

import { MsgcodeError } from "../core/errors.ts";
import type { Capability } from "./capabilities.ts";
import { nothingSeen, outcomeOf, processVerdict, remember } from "./process-verdict.ts";
import { checkArguments, checkEnvironment } from "./request-check.ts";
import type { Runner, RunnerRequest } from "./runner.ts";

const DEFAULT_SHELL = "/bin/sh";

export function shellRunner(capability: Capability): Runner {
	return {
		kind: capability.id,
		capability,
		prepare(request) {
			const argv = commandOf(request);
			checkArguments(capability.id, argv);
			const scriptAt = hasScript(request) ? 2 : -1;
			return {
				argv,
				env: checkEnvironment(capability.id, request.payload.env ?? {}),
				passEnv: [],
				stdin: null,
				stdinStaysOpen: false,
				redactedArgv: argv.map((argument, position) =>
					position === scriptAt ? "{SCRIPT}" : argument.replaceAll(request.workspacePath, "{WORKSPACE}"),
				),
				artifacts: [],
			};
		},
		begin: nothingSeen,
		interpret(seen, stream, text, truncated) {
			remember(seen, stream, text);
			return [{ type: "run.log", data: truncated ? { stream, text, truncated } : { stream, text } }];
		},
		outcome(process, seen) {
			const verdict = processVerdict(process);
			const said = seen.stdoutTail.trim() === "" && verdict.status !== "ok" ? seen.stderrTail : seen.stdoutTail;
			return outcomeOf(verdict, seen, said);
		},
	};
}

function hasScript({ payload }: RunnerRequest): boolean {
	return payload.script !== undefined && payload.script.trim() !== "";
}

/** With a script, the arguments are its $1, $2 … */
function commandOf(request: RunnerRequest): string[] {
	const { payload, kind } = request;
	const args = payload.args ?? [];
	if (hasScript(request)) {
		const shell = payload.shell ?? DEFAULT_SHELL;
		return [shell, "-c", payload.script ?? "", ...(args.length > 0 ? [shell, ...args] : [])];
	}
	if (args.length > 0) return [...args];
	throw new MsgcodeError("task_invalid_spec", `Runner ${kind} has neither a command nor a script.`, {
		hint: "Give the task `runner.args` or `runner.script`, or run it once with `-- <argv>`. Its text is never executed.",
	});
}
