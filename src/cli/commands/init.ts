// `msgcode init`: makes the current folder of a repository a workspace.

import { defaultSettings, loadSettings } from "../../config/settings.ts";
import { armFailPoints } from "../../core/failpoint.ts";
import { initWorkspace } from "../../ledger/init-workspace.ts";
import { findWorkspace, workspaceAt } from "../../ledger/workspace.ts";
import type { CommandContext, CommandResult } from "../command.ts";

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
	const what = result.created ? `${root} is a msgcode workspace now.` : `${root} is a msgcode workspace already.`;
	return {
		kind: "init",
		data: { path: root, uid, created: result.created, commit: result.commit },
		human: () => `${what}\n`,
		next: 'msgcode task add "What is to be done" --runner shell -- <command>',
	};
}
