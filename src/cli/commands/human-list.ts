// `msgcode human list`: the questions that live runs wait with.
import { isoTime } from "../../core/clock.ts";
import { type LiveQuestion, liveQuestions } from "../../engine/human/find-question.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";
import { duration } from "../run-text.ts";
import { renderTable } from "../table.ts";
import { visible } from "../terminal-text.ts";

export async function run(
	context: CommandContext,
	_args: readonly string[],
	options: { readonly limit?: number },
): Promise<CommandResult> {
	const app = await openFor(context, "human list");
	const waiting = liveQuestions(app.ledger).filter(({ answer }) => answer === null);
	const shown = waiting.slice(0, options.limit ?? waiting.length);
	const left = waiting.length - shown.length;
	const first = shown[0]?.question.questionId;
	return {
		kind: "human.list",
		data: shown.map(dataOf),
		warnings: left > 0 ? [{ code: "list_cut", message: `${left} of ${waiting.length} are left out by --limit.` }] : [],
		human: (style) => {
			if (shown.length === 0) return "No run waits for an answer.\n";
			const rows = shown.map(({ question }) => [
				question.questionId,
				question.taskId,
				duration(Math.max(0, context.io.clock.now() - question.requestedAtMs)),
				visible(question.choices.join(", ")),
				visible(question.prompt),
			]);
			const columns = [
				...[{ title: "QUESTION" }, { title: "TASK" }, { title: "SINCE", align: "right" as const }],
				...[{ title: "CHOICES" }, { title: "ASKED", flexible: true }],
			];
			return renderTable(columns, rows, style);
		},
		plain: () =>
			shown.map(({ question }) => [
				...[question.questionId, question.runId, question.taskId, isoTime(question.requestedAtMs)],
				...[question.choices.join(","), question.prompt],
			]),
		...(first === undefined ? {} : { next: `msgcode human reply ${first} --answer <text>` }),
	};
}

function dataOf({ question, claim }: LiveQuestion) {
	const { questionId, runId, taskId, prompt, choices, about, by, requestedAtMs, expiresAtMs } = question;
	return {
		questionId,
		runId,
		taskId,
		session: claim.session,
		status: "pending",
		about,
		by,
		prompt,
		choices,
		requestedAt: isoTime(requestedAtMs),
		expiresAt: expiresAtMs === null ? null : isoTime(expiresAtMs),
	};
}
