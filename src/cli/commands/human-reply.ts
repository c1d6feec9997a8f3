// `msgcode human reply`: puts an answer where the run that waits for it finds it.
import { MsgcodeError } from "../../core/errors.ts";
import { answered, findQuestion, type LiveQuestion } from "../../engine/human/find-question.ts";
import { putAnswer, readAnswer } from "../../engine/human/question.ts";
import { runFolderAt } from "../../engine/run/run-folder.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";
import { visible } from "../terminal-text.ts";

export async function run(
	context: CommandContext,
	args: readonly string[],
	options: { readonly answer?: string },
): Promise<CommandResult> {
	const app = await openFor(context, "human reply");
	const live = findQuestion(app.ledger, args[0] as string);
	const { questionId, runId, taskId } = live.question;
	const answer = chosen(live, options.answer ?? (await askFor(context, live)));
	const by = await app.ledger.actor();
	const data = { questionId, runId, taskId, status: "resolved", by };
	if (context.flags.dryRun) {
		return { kind: "human.reply", data: { ...data, dryRun: true }, human: () => `Would answer ${questionId}.\n` };
	}
	const folder = runFolderAt(app.workspace.stateDir, runId);
	if (!putAnswer(folder, questionId, { status: "resolved", answer, by, atMs: app.ledger.now() })) {
		throw answered({ question: live.question, answer: readAnswer(folder, questionId) });
	}
	return {
		kind: "human.reply",
		data,
		human: () => `Answered ${questionId}; ${runId} goes on.\n`,
		next: `msgcode run logs -f ${runId}`,
	};
}

/** One of the choices, where there are some. */
function chosen({ question }: LiveQuestion, answer: string): string {
	const { choices, questionId } = question;
	if (choices.length === 0 || choices.includes(answer)) return answer;
	const alike = choices.filter((choice) => choice.toLowerCase() === answer.trim().toLowerCase());
	if (alike.length === 1 && alike[0] !== undefined) return alike[0];
	throw new MsgcodeError("input_invalid", `${JSON.stringify(answer)} is no answer to ${questionId}.`, {
		hint: `Give one of: ${choices.join(", ")}.`,
		details: { questionId, choices },
	});
}

async function askFor(context: CommandContext, { question }: LiveQuestion): Promise<string> {
	if (!context.interactive) {
		throw new MsgcodeError("usage", "The answer is missing.", { hint: `Add --answer <text>.` });
	}
	const choices = question.choices.length === 0 ? "" : ` [${question.choices.map(visible).join(", ")}]`;
	return await context.io.ask(`${visible(question.prompt)}${choices} `);
}
