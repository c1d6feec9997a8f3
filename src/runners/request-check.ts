// Refuses what no process can be started with, before anything starts.
// Invariant: nothing that a task says can set a variable that msgcode itself speaks with.

import { MsgcodeError } from "../core/errors.ts";

/** Throws task_invalid_spec for an argv without a program, or one that holds a NUL. */
export function checkArguments(runner: string, argv: readonly string[]): void {
	if ((argv[0] ?? "") === "") {
		throw new MsgcodeError("task_invalid_spec", `Runner ${runner} was given no program to start.`, {
			hint: "The first argument is the program.",
		});
	}
	if (argv.some((argument) => argument.includes("\0"))) {
		throw new MsgcodeError("task_invalid_spec", `An argument for runner ${runner} holds a NUL byte.`);
	}
}

/** The variables as they are; throws task_invalid_spec for a name or a value that cannot be. */
export function checkEnvironment(runner: string, env: Readonly<Record<string, string>>): Record<string, string> {
	for (const [name, value] of Object.entries(env)) {
		if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || value.includes("\0")) {
			throw new MsgcodeError("task_invalid_spec", `Runner ${runner} cannot get the variable ${JSON.stringify(name)}.`, {
				hint: "A name has letters, digits and underscores; a value has no NUL byte.",
			});
		}
		if (name.startsWith("MSGCODE_")) {
			throw new MsgcodeError("task_invalid_spec", `${name} is set by msgcode and cannot be set by a task.`);
		}
	}
	return { ...env };
}
