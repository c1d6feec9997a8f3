// `msgcode human ask`: a program inside a run asks a person and gets the answer on its standard output.
import { MsgcodeError } from "../../core/errors.ts";
import { isRunId, isTaskId } from "../../core/ids.ts";
import { type Asking, askPerson, isSupervised } from "../../engine/human/ask-person.ts";
import { openWorkspace } from "../../ledger/workspace.ts";
import type { CommandContext, CommandResult } from "../command.ts";

interface Options {
	readonly choices?: string;
	readonly expires?: number;
}

export async function run(context: CommandContext, args: readonly string[], options: Options): Promise<CommandResult> {
	const asking = runAround(context);
	const prompt = (args[0] as string).trim();
	if (prompt === "") throw new MsgcodeError("usage", "The question is empty.");
	const choices = (options.choices ?? "").split(",").flatMap((choice) => (choice.trim() === "" ? [] : [choice.trim()]));
	const stop = new AbortController();
	const release = context.io.onInterrupt(() => stop.abort());
	const question = { prompt, choices, expiresAfterMs: options.expires ?? null };
	const asked = await askPerson(asking, question, () => context.io.clock.now(), stop.signal).finally(release);
	const { questionId, answer } = asked;
	if (answer?.status === "expired") {
		throw new MsgcodeError("question_expired", `Nobody answered ${questionId} in time.`, { details: { questionId } });
	}
	if (answer === null || answer.answer === null) {
		throw new MsgcodeError("interrupted", `The run ended before ${questionId} was answered.`, {
			details: { questionId },
		});
	}
	const { answer: text, by } = answer;
	return {
		kind: "human.ask",
		data: { questionId, runId: asking.runId, answer: text, by },
		human: () => `${text}\n`,
	};
}

/** The run that this program is part of. Throws usage outside of one. */
function runAround({ io }: CommandContext): Asking {
	const { MSGCODE_RUN_ID: runId, MSGCODE_TASK_ID: taskId, MSGCODE_WORKSPACE: root } = io.env;
	if (isRunId(runId) && isTaskId(taskId) && root !== undefined) {
		const asking = { stateDir: openWorkspace(root).stateDir, runId, taskId };
		if (isSupervised(asking, io.clock.now())) return asking;
	}
	throw new MsgcodeError("usage", "Only a program inside a live run can ask.", {
		hint: "A run sets MSGCODE_RUN_ID for its programs; outside of one there is nobody to answer.",
	});
}
