// `msgcode run show`: a run's receipt, or how far a live one is.
import type { App } from "../../app.ts";
import { MsgcodeError } from "../../core/errors.ts";
import { readFileIfThere } from "../../core/files.ts";
import { findRun } from "../../engine/record/find-run.ts";
import { recordedRun } from "../../engine/record/recorded-run.ts";
import { liveStatus } from "../../engine/record/run-list.ts";
import type { Claim } from "../../engine/run/claim.ts";
import { readEnding, runFolderAt } from "../../engine/run/run-folder.ts";
import type { Receipt } from "../../ledger/runs/receipt.ts";
import { patchFile } from "../../ledger/runs/runs.ts";
import type { Style } from "../color.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { historyNotice } from "../history-notice.ts";
import { openFor } from "../open.ts";
import { progressText, runOutcomeLines } from "../run-text.ts";
import { safeText, visible } from "../terminal-text.ts";

interface Options {
	readonly prompt?: boolean;
}

export async function run(context: CommandContext, args: readonly string[], options: Options): Promise<CommandResult> {
	const app = await openFor(context, "run show");
	if (options.prompt === true) return sentPrompt(app, args[0] as string);
	const found = await recordedRun(app.ledger, args[0] as string, historyNotice(context));
	const { taskId, runId, live, receipt, landing, rejection, commit } = found;
	if (receipt !== null) {
		// A receipt names the place that the patch was made in; it may have gone to the archive since.
		const { patch } = receipt;
		const place =
			patch === null || commit !== null ? patch : { ...patch, path: patchFile(app.workspace.root, receipt) };
		return {
			kind: "run.show",
			data: { ...receipt, landing, rejection, commit },
			warnings: receipt.warnings.map(({ code, message }) => ({ code, message })),
			human: (style) => {
				const facts: [string, string][] = [["task", taskId]];
				if (commit !== null) facts.push(["only in", `${commit.slice(0, 12)}, not in the checkout`]);
				if (landing !== null) facts.push(["landed", `on ${landing.parent.slice(0, 12)}`]);
				if (rejection !== null) facts.push(["rejected", rejection.reason]);
				return `${runOutcomeLines({ ...receipt, patch: place }, [], style)}${[...facts, ...receiptFacts(receipt)].map((fact) => factLine(fact, style)).join("")}`;
			},
			...(receipt.patch?.withheld === "secret" && commit === null ? { next: `msgcode run allow-secret ${runId}` } : {}),
		};
	}
	if (live !== null) return liveResult(live);
	const ending = readEnding(runFolderAt(app.workspace.stateDir, runId));
	throw new MsgcodeError(
		"run_not_found",
		`${runId} ended (${ending?.status ?? "unknown"}), but the checked-out branch has no record of it.`,
		{
			hint: "Its result waits to be committed; `msgcode doctor` says why.",
		},
	);
}

/** What the runner was told, word for word. */
function sentPrompt(app: App, name: string): CommandResult {
	const { runId, taskId } = findRun(app.ledger, name);
	const prompt = readFileIfThere(runFolderAt(app.workspace.stateDir, runId).prompt)?.toString("utf8");
	if (prompt === undefined) {
		throw new MsgcodeError("run_not_found", `What ${runId} was sent is not on this machine.`, {
			hint: "It stays where the run was made, and a command or a script is sent no text.",
		});
	}
	return { kind: "run.prompt", data: { runId, taskId, prompt }, human: () => safeText(prompt, false) };
}

function liveResult(claim: Claim): CommandResult {
	const { runId, taskId, phase, attempt, startedAtMs, mode, runner, actor, base, session, progress = null } = claim;
	const status = liveStatus(claim);
	const far = progressText(progress);
	const startedAt = new Date(startedAtMs).toISOString();
	const { pid, host } = claim.identity;
	return {
		kind: "run.show",
		data: {
			runId,
			taskId,
			status,
			phase,
			progress,
			session,
			attempt,
			startedAt,
			mode,
			runner,
			actor,
			base,
			owner: { pid, host },
		},
		human: (style) =>
			[
				`${style.cyan(status)}  ${style.bold(runId)}\n`,
				factLine(["task", taskId], style),
				factLine(["phase", phase], style),
				...(far === null ? [] : [factLine(["progress", far], style)]),
				factLine(["runner", runnerText(runner)], style),
				factLine(["started", startedAt], style),
				factLine(["process", String(pid)], style),
			].join(""),
		next: status === "waiting_human" ? "msgcode human list" : `msgcode run logs -f ${runId}`,
	};
}

function receiptFacts(receipt: Receipt): [string, string][] {
	const { runner, baseCommit, ref, actor, startedAt, endedAt, events, session } = receipt;
	const usage = usageText(receipt);
	return [
		["runner", runnerText(runner)],
		["base", baseCommit?.slice(0, 12) ?? "none"],
		...(ref === null ? [] : [["kept as", ref] as [string, string]]),
		...(session === null ? [] : [["session", session] as [string, string]]),
		...(usage === null ? [] : [["used", usage] as [string, string]]),
		["actor", actor],
		["started", startedAt],
		["ended", endedAt],
		["events", events === null ? "none" : String(events.lines)],
	];
}

function runnerText({ kind, model, version, argv }: Claim["runner"]): string {
	const named = [version, model].filter((part) => part != null).join(", ");
	return `${kind}${named === "" ? "" : ` (${named})`}${argv.length === 0 ? "" : ` ${argv.join(" ")}`}`;
}

function usageText({ usage }: Receipt): string | null {
	const { inputTokens, outputTokens, costUsd } = usage;
	const parts = [
		...(inputTokens === null ? [] : [`${inputTokens} tokens in`]),
		...(outputTokens === null ? [] : [`${outputTokens} tokens out`]),
		...(costUsd === null ? [] : [`$${costUsd}`]),
	];
	return parts.length === 0 ? null : parts.join(", ");
}

function factLine([name, value]: [string, string], style: Style): string {
	return `  ${style.dim(name.padEnd(9))} ${visible(value)}\n`;
}
