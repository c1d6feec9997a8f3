// How commands ask for permission: what a user writes through msgcode is approved, what came another way is shown and asked.
import type { App } from "../app.ts";
import { MsgcodeError } from "../core/errors.ts";
import {
	approve,
	held,
	namesDigest,
	type Permission,
	permissionOf,
	standsApproved,
} from "../engine/permission/permission.ts";
import type { Definition } from "../ledger/task/definition.ts";
import { AUTO } from "../runners/auto.ts";
import { userRunnerStamp } from "../runners/user-runner-file.ts";
import { type CommandContext, confirm } from "./command.ts";
import { visible } from "./terminal-text.ts";

export async function permissionFor(
	app: App,
	id: string,
	definition: Definition,
	attended: boolean,
): Promise<Permission> {
	const auto = usesAuto(app, definition) ? await app.resolveRunner(AUTO).catch(() => null) : null;
	return permissionOf(app.ledger, id, definition, { ...basisOf(app), auto, registry: await app.registry(), attended });
}

function usesAuto({ settings }: App, { runner }: Definition): boolean {
	return (runner?.kind ?? settings.runner.default) === AUTO;
}

/** What a person is told who looks at a task: null where nothing is held. Quick for a task that stands as it was approved. */
export async function heldPermission(app: App, id: string, definition: Definition): Promise<Permission | null> {
	if (definition.runner === undefined && definition.checks.length === 0) return null;
	const auto = usesAuto(app, definition) ? await app.rememberedAuto() : null;
	// To look at a task starts no program: where it is not known what "auto" stands for, nothing is said of it.
	if (usesAuto(app, definition) && auto === null) return null;
	if (standsApproved(app.ledger, id, definition, { ...basisOf(app), auto })) return null;
	const permission = await permissionFor(app, id, definition, true);
	return permission.approved ? null : permission;
}

/** What the settings add to what a task would execute. */
export function basisOf({ settings, configDir }: Pick<App, "settings" | "configDir">) {
	const { default: defaultRunner, model_root: modelRoot, sandbox } = settings.runner;
	const ownRunner = (kind: string) => userRunnerStamp(configDir, kind);
	return { defaultRunner, modelRoot, sandbox, allowEnv: settings.env.allow, declarations: settings.runners, ownRunner };
}

/**
 * Approves what this user just wrote. `before` is how it stood: what was held then stays held. Without `words` only what
 * would be executed is theirs, and an agent is not given the text unless a person sees it start.
 */
export async function approveOwn(
	app: App,
	id: string,
	definition: Definition,
	before?: Permission,
	{
		words = before === undefined || before.approvedPrompt === before.promptDigest,
	}: { readonly words?: boolean | undefined } = {},
): Promise<boolean> {
	if (before !== undefined && !before.approved) return false;
	const permission = await permissionFor(app, id, definition, false);
	approve(app.ledger, id, words ? permission : { ...permission, promptDigest: before?.approvedPrompt ?? "" });
	return true;
}

/** Passes for an approved task; otherwise shows the difference and asks, takes `--approve`, or throws approval_required. */
export async function requirePermission(
	context: CommandContext,
	app: App,
	id: string,
	definition: Definition,
	digest: string | undefined,
): Promise<void> {
	const permission = await permissionFor(app, id, definition, context.interactive);
	if (digest !== undefined) {
		if (!namesDigest(digest, permission.digest)) {
			throw new MsgcodeError(
				"approval_required",
				`The digest given with --approve is not that of what ${id} would execute.`,
				{
					hint: `It is ${permission.digest}; look at it with \`msgcode task show ${id}\`.`,
					details: { digest: permission.digest },
				},
			);
		}
		approve(app.ledger, id, permission);
		return;
	}
	if (permission.approved) return;
	if (!context.interactive) throw held(id, permission);
	showDifference(context, id, permission);
	await confirm({ ...context, flags: { ...context.flags, yes: false } }, `Approve and run ${id}?`);
	approve(app.ledger, id, permission);
}

/** Prints what would be executed, as lines of difference to what was approved last. */
export function showDifference(context: CommandContext, id: string, permission: Permission): void {
	const style = context.progressStyle;
	const paint = (line: string) =>
		line.startsWith("+") ? style.green(line) : line.startsWith("-") ? style.red(line) : line;
	const lines = permission.difference.map((line) => `  ${paint(visible(line))}\n`);
	context.io.stderr.write(`${id} would execute (${permission.reason}):\n${lines.join("")}`);
}
