// Prepare, confirm, run: for a runner that has to be confirmed each time. On a terminal the plan is shown and asked about;
// elsewhere it takes two commands, and the second names what the first one showed.

import type { App } from "../app.ts";
import { MsgcodeError } from "../core/errors.ts";
import type { Confirmation, PreparedPlan } from "../engine/permission/confirmation.ts";
import { confirmPlan, keepPlan, needsConfirmation, planRun } from "../engine/permission/run-plan.ts";
import type { RunRequest } from "../engine/run/run-request.ts";
import type { Definition } from "../ledger/task/definition.ts";
import type { Style } from "./color.ts";
import { type CommandContext, type CommandResult, confirm } from "./command.ts";
import { permissionFor } from "./permission.ts";
import { visible } from "./terminal-text.ts";

/** `task run --prepare`: writes down what the run would do, and starts nothing. */
export async function prepareOnly(app: App, request: RunRequest, definition: Definition): Promise<CommandResult> {
	const prepared = await planOf(app, request, definition);
	keepPlan(app.ledger, prepared);
	const { plan, digest } = prepared;
	return {
		kind: "task.plan",
		data: { ...plan, digest },
		human: (style) => planText(prepared, style),
		next: `msgcode task run ${plan.taskId} --confirm ${digest}`,
	};
}

/** The confirmation of this run; null where its runner needs none. Throws confirmation_required, interrupted on a no. */
export async function confirmationOf(
	context: CommandContext,
	app: App,
	request: RunRequest,
	definition: Definition,
	named: string | undefined,
): Promise<Confirmation | null> {
	if (!needsConfirmation(request) && named === undefined) return null;
	const current = await planOf(app, request, definition);
	const { taskId, runner } = current.plan;
	if (named === undefined && !context.interactive) {
		throw new MsgcodeError("confirmation_required", `The runner ${runner} is confirmed for each run.`, {
			hint: `Prepare it with \`msgcode task run ${taskId} --prepare\`, look at the plan, then run it with --confirm <digest>.`,
			details: { taskId, runner },
		});
	}
	let prepared = current;
	if (named === undefined) {
		context.io.stderr.write(planText(current, context.progressStyle));
		// Each run is confirmed by itself: a general yes is none.
		await confirm({ ...context, flags: { ...context.flags, yes: false } }, `Run ${taskId}?`);
	} else {
		prepared = confirmPlan(app.ledger, named, current);
	}
	return { prepared, confirmedAtMs: app.ledger.now(), actor: await app.ledger.actor() };
}

async function planOf(app: App, request: RunRequest, definition: Definition): Promise<PreparedPlan> {
	return planRun(app.ledger, request, await permissionFor(app, request.taskId, definition, true));
}

function planText({ plan, digest }: PreparedPlan, style: Style): string {
	const facts: [string, string][] = [
		["task", plan.taskId],
		["runner", plan.runner],
		["works in", plan.mode === "worktree" ? "a worktree of its own" : "the checkout itself"],
		["from", plan.baseCodeTree === null ? "what is there" : `code tree ${plan.baseCodeTree.slice(0, 12)}`],
		[
			"prompt",
			plan.prompt === null ? "none" : `${plan.prompt.length} bytes, sha-256 ${plan.prompt.sha256.slice(0, 12)}`,
		],
		["executes", JSON.stringify(plan.command)],
		["digest", digest],
	];
	return facts.map(([name, value]) => `  ${style.dim(name.padEnd(9))} ${visible(value)}\n`).join("");
}
