// What all agent CLIs have in common: lines of JSON on stdout, a memory of what they meant, one pure rule of success.
// Invariant: nothing that an agent prints is dropped: a line that nobody understands becomes run.log or run.unknown.

import type { ProcessOutcome } from "../../core/supervisor.ts";
import type { Capability } from "../capabilities.ts";
import { type JsonObject, objectFrom } from "../json-value.ts";
import { nothingSeen, outcomeOf, remember, type Verdict } from "../process-verdict.ts";
import type { Runner, RunnerEvent, RunnerPlan, RunnerRequest, Seen } from "../runner.ts";

export interface Agent<Own extends object> {
	/** Throws task_invalid_spec or limit_exceeded for a request that cannot be carried out. */
	plan(request: RunnerRequest, capability: Capability): RunnerPlan;
	/** What this agent's rule needs beside what every runner remembers. */
	remember(): Own;
	/** The events that one object on stdout means; null when it is of a kind that is not known. */
	read(memory: Seen & Own, line: JsonObject): RunnerEvent[] | null;
	/** Pure: the agent's own word, its stderr and the way it ended. */
	judge(process: ProcessOutcome, memory: Readonly<Seen & Own>): Verdict;
}

export function agentRunner<Own extends object>(capability: Capability, agent: Agent<Own>): Runner {
	return {
		kind: capability.id,
		capability,
		prepare: (request) => agent.plan(request, capability),
		begin: () => ({ ...nothingSeen(), ...agent.remember() }),
		interpret(seen, stream, text, truncated) {
			remember(seen, stream, text);
			if (truncated && stream === "stdout") seen.truncatedLines += 1;
			const line = stream === "stdout" && !truncated ? objectFrom(text) : null;
			if (line === null) {
				return text.trim() === ""
					? []
					: [{ type: "run.log", data: { stream, text, ...(truncated ? { truncated } : {}) } }];
			}
			return agent.read(seen as Seen & Own, line) ?? [{ type: "run.unknown", data: { line } }];
		},
		outcome(process, seen) {
			const memory = seen as Seen & Own;
			const verdict = agent.judge(process, memory);
			return outcomeOf(verdict, seen, seen.lastText ?? (verdict.status === "ok" ? "" : seen.stderrTail));
		},
	};
}
