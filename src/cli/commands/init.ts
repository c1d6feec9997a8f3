// `msgcode init`: makes the current folder of a repository a workspace.

import { defaultSettings, loadSettings } from "../../config/settings.ts";
import { armFailPoints } from "../../core/failpoint.ts";
import { type Initialised, initWorkspace } from "../../ledger/init-workspace.ts";
import { findWorkspace, workspaceAt } from "../../ledger/workspace.ts";
import type { CommandContext, CommandResult, Notice } from "../command.ts";

export async function run(context: CommandContext): Promise<CommandResult> {
	const { io, flags } = context;
	armFailPoints(io.env);
	const existing = findWorkspace(context.start);
	const workspace = existing ?? workspaceAt(context.start);
	const { settings } = existing === null ? { settings: defaultSettings } : await loadSettings(workspace.root, io.env);
	if (flags.dryRun) {
		const data = { path: workspace.root, created: existing === null, dryRun: true };
		return { kind: "init", data, human: () => `Would make ${workspace.root} a workspace.\n` };
	}
	const result = await initWorkspace({
		workspace,
		env: io.env,
		actorName: flags.actor ?? io.env.MSGCODE_ACTOR ?? null,
		settings: {
			commit: settings.ledger.commit,
			lockTimeoutMs: settings.ledger.lock_timeout,
			sign: settings.ledger.sign,
			events: settings.ledger.events,
		},
		command: "init",
		useIndex: flags.index,
		now: () => io.clock.now(),
		warn: (message) => io.stderr.write(`warning: ${message}\n`),
	});
	const { root, uid } = result.workspace;
	const already = result.mergeDriver === "registered" ? "already, and this clone has its merge driver." : "already.";
	const what = `${root} is a msgcode workspace ${result.created ? "now." : already}`;
	return {
		kind: "init",
		data: { path: root, uid, created: result.created, commit: result.commit, mergeDriver: result.mergeDriver },
		warnings: driverNotices(result.mergeDriver),
		human: () => `${what}\n`,
		next: 'msgcode task add "What is to be done" --runner shell -- <command>',
	};
}

function driverNotices(state: Initialised["mergeDriver"]): Notice[] {
	if (state === "registered") return [];
	return state === "own"
		? [
				{
					code: "merge_driver_own",
					message: "This clone has a merge driver called msgcode with a command line of its own, which stays.",
					hint: "To have msgcode's, remove the section merge.msgcode from git's configuration and run `msgcode init` again.",
				},
			]
		: [
				{
					code: "merge_driver_missing",
					message: "The merge driver could not be registered: git's configuration cannot be written.",
					hint: "Task files merge as text until `msgcode init` has run here again.",
				},
			];
}
