// What a run says while it is at work, on its way into the event log: progress is told from todo lists, and questions wait
// for people. Invariant: everything that the runner said is in the log, in its order, whatever becomes of it here.

import type { EventData, EventType } from "../../core/event.ts";
import { createHold, type Hold } from "../../core/hold.ts";
import type { ProgramInput } from "../../core/supervisor.ts";
import { replyLine } from "../../runners/protocol.ts";
import type { Runner, Seen } from "../../runners/runner.ts";
import type { RunPhase } from "../run/claim.ts";
import { type Progress, progressOf } from "../run/progress.ts";
import type { Running } from "../run/run-request.ts";
import { trackedName } from "../run/tracked-facts.ts";
import { humanLoop } from "./human-loop.ts";

export interface Dialogue {
	readonly emit: (type: EventType, data: EventData) => void;
	/** Held while somebody is asked. */
	readonly hold: Hold;
	/** Takes the way to the runner's stdin. */
	readonly onInput: (input: ProgramInput) => void;
	/** Looks for questions and answers, and notes how far the run is. */
	look(): void;
	/** Nobody is left who would hear an answer. */
	endQuestions(): void;
}

export function dialogueOf(running: Running, taskId: string, write: Dialogue["emit"]): Dialogue {
	const { runId, folder, update } = running;
	const hold = createHold();
	let stdin: ProgramInput | null = null;
	let before: RunPhase = "running";
	let progress: Progress | null = null;
	let noted: Progress | null = null;
	const human = humanLoop({
		...{ runId, taskId, folder, hold, emit: write, now: () => Date.now() },
		reply: (asked, answer) => {
			const message = "The answer did not reach the runner: it reads no more.";
			if (stdin?.write(replyLine(asked, answer)) !== true)
				write("run.warning", { code: "reply_undelivered", asked, message });
		},
		onWaiting(waiting) {
			if (waiting) before = running.claim().phase;
			const phase = waiting ? "waiting_human" : before;
			noted = progress;
			update({ phase, progress });
			write("run.status", { status: phase });
		},
	});
	const advance = (next: Progress | null) => {
		if (next === null || (next.done === progress?.done && next.total === progress.total)) return false;
		progress = next;
		return true;
	};
	return {
		hold,
		emit(type, data) {
			if (type === "human_loop.requested") return human.requested(data);
			write(type, data);
			if (type === "run.progress") advance(saidProgress(data));
			if (type === "todo.update" && advance(progressOf(data))) write("run.progress", { ...progress });
		},
		onInput(input) {
			stdin = input;
		},
		look() {
			human.look();
			if (progress === noted) return;
			noted = progress;
			update({ progress });
		},
		endQuestions: () => human.end(),
	};
}

/** The runner, with what it says of itself noted in the claim as soon as it is known: a killed process's run still has it. */
export function notingIdentity(runner: Runner, { claim, update }: Pick<Running, "claim" | "update">): Runner {
	let known: Pick<Seen, "session" | "model" | "version"> = { session: null, model: null, version: null };
	return {
		...runner,
		interpret(seen, stream, text, truncated) {
			const events = runner.interpret(seen, stream, text, truncated);
			const { session, model, version } = seen;
			if (session !== known.session || model !== known.model || version !== known.version) {
				known = { session, model, version };
				const held = claim();
				update({
					session: trackedName(session) ?? held.session,
					runner: {
						...held.runner,
						model: trackedName(model) ?? held.runner.model,
						version: trackedName(version) ?? held.runner.version ?? null,
					},
				});
			}
			return events;
		},
	};
}

function saidProgress({ done, total }: EventData): Progress | null {
	const sound = Number.isSafeInteger(done) && Number.isSafeInteger(total);
	return sound ? { done: done as number, total: total as number } : null;
}
