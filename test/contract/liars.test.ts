// The contract finds out: a runner that lies in one way is caught by the case that is there for it.
import { afterAll, expect, test } from "vitest";
import { OK } from "../../src/runners/process-verdict.ts";
import type { Runner, RunnerEvent } from "../../src/runners/runner.ts";
import { endEverythingStarted } from "../support/supervise.ts";
import { checkCase } from "./checks.ts";
import type { CaseName, Subject } from "./subject.ts";
import { userFolder } from "./subjects/user-folder.ts";

afterAll(endEverythingStarted);

/** The runner of the fixture, which is honest, with one thing changed. */
function liar(change: (honest: Runner) => Partial<Runner>): Subject {
	return {
		...userFolder,
		runner() {
			const honest = userFolder.runner();
			return { ...honest, ...change(honest) };
		},
	};
}

const LIES: readonly (readonly [string, CaseName, (honest: Runner) => Partial<Runner>])[] = [
	["says ok whatever happened", "failure", ({ outcome }) => ({ outcome: (...end) => ({ ...outcome(...end), ...OK }) })],
	[
		"takes its own word for more than the cancel",
		"cancel",
		({ outcome }) => ({ outcome: (process, seen) => outcome({ ...process, outcome: "exited", exitCode: 0 }, seen) }),
	],
	[
		"calls silence the end of its time",
		"hang in silence",
		({ outcome }) => ({ outcome: (process, seen) => outcome({ ...process, timer: "wall" }, seen) }),
	],
	[
		"keeps a limit for itself",
		"limit",
		({ interpret }) => ({ interpret: (...line) => interpret(...line).filter(({ type }) => type !== "run.limit") }),
	],
	[
		"drops what it does not understand",
		"garbage",
		({ interpret }) => ({
			interpret: (...line) => interpret(...line).filter(({ type }) => type !== "run.log" && type !== "run.unknown"),
		}),
	],
	[
		"reads a line that was cut",
		"line of 100 MB",
		({ interpret }) => ({ interpret: (seen, stream, text) => interpret(seen, stream, text, false) }),
	],
	[
		"means something else by the length of a piece",
		"stream cut anywhere",
		({ interpret }) => {
			let lines = 0;
			return {
				interpret: (...line): RunnerEvent[] => {
					lines += 1;
					return [...interpret(...line), { type: "run.log", data: { stream: "stdout", text: String(lines) } }];
				},
			};
		},
	],
	[
		"begins a new session silently",
		"resume",
		({ prepare }) => ({
			prepare: (request) => prepare({ ...request, context: { ...request.context, resume: null } }),
		}),
	],
	[
		"writes prose into the details",
		"success",
		({ outcome }) => ({ outcome: (...end) => ({ ...outcome(...end), details: { said: "It said: all is well!" } }) }),
	],
	[
		"records the prompt",
		"success",
		({ prepare }) => ({
			prepare: (request) => ({ ...prepare(request), redactedArgv: ["echo", request.payload.prompt] }),
		}),
	],
	[
		"forges the history of its run",
		"success",
		({ interpret }) => ({ interpret: (...line) => [...interpret(...line), { type: "run.finished", data: {} }] }),
	],
	[
		"does nothing",
		"success",
		({ prepare, outcome }) => ({
			prepare: (request) => ({ ...prepare(request), argv: ["true"] }),
			outcome: (...end) => ({ ...outcome(...end), ...OK, session: "s", usage: null }),
		}),
	],
];

test.each(LIES)("one that %s is caught by: %s", async (_, name, change) => {
	await expect(checkCase(liar(change), name)).rejects.toThrow();
});
