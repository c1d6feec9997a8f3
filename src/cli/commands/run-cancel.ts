// `msgcode run cancel`: ends a live run and waits for its result.
import type { App } from "../../app.ts";
import { MsgcodeError } from "../../core/errors.ts";
import { findRun } from "../../engine/record/find-run.ts";
import { cancelRun, type Ended } from "../../engine/run/cancel-run.ts";
import type { Claim } from "../../engine/run/claim.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";
import { runOutcomeLines } from "../run-text.ts";

export async function run(context: CommandContext, args: readonly string[]): Promise<CommandResult> {
	const app = await openFor(context, "run cancel");
	const { runId, taskId, live, receipt } = findRun(app.ledger, args[0] as string);
	// A run whose process had died was brought to its end when the workspace was opened: that is what was asked for.
	if (live === null && receipt?.errorCode !== "RUN_ABORTED_BY_RESTART") {
		const status = receipt?.status ?? "ended";
		throw new MsgcodeError("run_ended", `The run ${runId} has ended already (${status}).`, {
			hint: `msgcode run show ${runId}`,
			details: { runId, taskId, status },
		});
	}
	if (context.flags.dryRun) {
		return { kind: "run.cancel", data: { dryRun: true, runId, taskId }, human: () => `Would cancel ${runId}.\n` };
	}
	const ended = live === null ? { receipt, ending: null } : await waitForEnd(context, app, live);
	if (ended === null) {
		throw new MsgcodeError("interrupted", `The run ${runId} was asked to end; it has not ended yet.`, {
			hint: `msgcode run show ${runId}`,
		});
	}
	const done = ended.receipt;
	const status = done?.status ?? ended.ending?.status ?? "unknown";
	const stopped = status === "canceled" || done?.errorCode === "RUN_ABORTED_BY_RESTART";
	return {
		kind: "run.cancel",
		data: done ?? { runId, taskId, status, pending: true },
		warnings: stopped
			? []
			: [{ code: "not_canceled", message: `The run ended by itself (${status}) before it could be canceled.` }],
		human: (style) => (done === null ? `${runId}  ${status}\n` : runOutcomeLines(done, [], style)),
		exitCode: stopped ? 0 : 1,
	};
}

/** Ctrl-C ends the waiting, not the run: it was asked to end already. */
async function waitForEnd(context: CommandContext, app: App, live: Claim): Promise<Ended | null> {
	const stop = new AbortController();
	const release = context.io.onInterrupt(() => stop.abort());
	try {
		return await cancelRun(app.ledger, live, stop.signal);
	} finally {
		release();
	}
}
