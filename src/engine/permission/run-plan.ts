// What a run is going to do, written down before it does it, for runners that have to be confirmed each time.
// Invariant: a confirmation names the digest of one plan; when anything that the plan holds is different by then, it is none.

import { join } from "node:path";
import { MsgcodeError } from "../../core/errors.ts";
import { ensureFolder, readFileIfThere, removeFileIfThere, replaceFile } from "../../core/files.ts";
import { digest, sizedDigest } from "../../core/ids.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { canonicalSpec } from "../../trust/approvals.ts";
import { baseOf } from "../run/prepare-run.ts";
import { promptFor } from "../run/prompt.ts";
import type { RunRequest } from "../run/run-request.ts";
import type { PreparedPlan, RunPlan } from "./confirmation.ts";
import type { Permission } from "./permission.ts";

export function needsConfirmation(request: RunRequest): boolean {
	return request.runner.capability.confirm === "each-run";
}

/** The plan of this request as things stand now. Throws revision_not_found. */
export async function planRun(ledger: Ledger, request: RunRequest, permission: Permission): Promise<PreparedPlan> {
	const prompt = promptFor(ledger, request);
	const base = request.goOn || request.mode === "in-place" ? null : await baseOf(ledger, request.base);
	const plan: RunPlan = {
		taskId: request.taskId,
		runner: request.runner.kind,
		command: permission.spec,
		mode: request.mode,
		baseCodeTree: base?.codeTree ?? null,
		prompt: prompt === null ? null : sizedDigest(prompt),
	};
	const spec = canonicalSpec({ ...plan });
	return { plan, digest: digest(JSON.stringify(spec)), preparedAtMs: ledger.now(), actor: await ledger.actor() };
}

/** Keeps the plan until it is confirmed; one for each task, the newest. */
export function keepPlan({ workspace: { stateDir } }: Ledger, prepared: PreparedPlan): void {
	ensureFolder(join(stateDir, "prepared"), 0o700);
	const text = `${JSON.stringify(prepared, null, 2)}\n`;
	replaceFile(placeOf(stateDir, prepared.plan.taskId), text, { mode: 0o600, temporaryIn: stateDir });
}

/**
 * Takes the confirmation: `named` is the digest of the plan that was prepared, `now` the plan as it stands. Throws
 * confirmation_required where none was prepared, another one was meant, or the plan is another one by now.
 */
export function confirmPlan({ workspace: { stateDir } }: Ledger, named: string, current: PreparedPlan): PreparedPlan {
	const { taskId } = current.plan;
	const kept = readPlan(stateDir, taskId);
	const again = `Prepare it again and look at it: msgcode task run ${taskId} --prepare`;
	if (kept === null) {
		throw new MsgcodeError("confirmation_required", `No run of ${taskId} was prepared.`, { hint: again });
	}
	if (kept.digest !== named) {
		throw new MsgcodeError("confirmation_required", `The digest is not that of the plan prepared for ${taskId}.`, {
			hint: again,
			details: { digest: kept.digest },
		});
	}
	if (kept.digest !== current.digest) {
		throw new MsgcodeError("confirmation_required", `What ${taskId} would do has changed since it was prepared.`, {
			hint: again,
			details: { prepared: kept.digest, now: current.digest },
		});
	}
	removeFileIfThere(placeOf(stateDir, taskId));
	return kept;
}

function readPlan(stateDir: string, taskId: string): PreparedPlan | null {
	const content = readFileIfThere(placeOf(stateDir, taskId));
	try {
		return content === null ? null : (JSON.parse(content.toString("utf8")) as PreparedPlan);
	} catch {
		return null;
	}
}

function placeOf(stateDir: string, taskId: string): string {
	return join(stateDir, "prepared", `${taskId}.json`);
}
