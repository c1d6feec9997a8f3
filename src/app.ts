// The composition root: opens a workspace with its settings, its ledger and its runners for one command.
// Invariant: a command that a crash interrupted is brought to its end before another one reads or changes the ledger.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { configFolder } from "./config/config-folder.ts";
import { type LoadedSettings, loadSettings, type Settings } from "./config/settings.ts";
import { MsgcodeError } from "./core/errors.ts";
import { armFailPoints } from "./core/failpoint.ts";
import { type Ledger, openLedger } from "./ledger/ledger.ts";
import { findWorkspace, openWorkspace, type Workspace } from "./ledger/workspace.ts";
import { AUTO } from "./runners/auto.ts";
import type { Registry } from "./runners/registry.ts";

export interface AppOptions {
	/** The folder that the workspace is looked for from. */
	readonly start: string;
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly actor: string | null;
	readonly useIndex: boolean;
	/** What the lock says of its holder: "task add". */
	readonly command: string;
	/** The command is going to change the ledger. */
	readonly willChange: boolean;
	readonly now: () => number;
	readonly warn: (message: string) => void;
}

export interface App {
	readonly workspace: Workspace;
	readonly ledger: Ledger;
	readonly settings: Settings;
	readonly sources: LoadedSettings["sources"];
	/** Shipped runners, the user's own and those that msgcode.toml declares. */
	registry(): Promise<Registry>;
	/** The runner that a kind stands for: of "auto" the first that works, or runner_unavailable; others are as they are. */
	resolveRunner(kind: string): Promise<string>;
	/** What "auto" stood for a short while ago, told without a look at any program; null = it has to be asked. */
	rememberedAuto(): Promise<string | null>;
	/** The folder of the user's own settings and runners; null where no home is known. */
	readonly configDir: string | null;
}

/** Opens the workspace around `start` and finishes what a killed command left. */
export async function openApp(options: AppOptions): Promise<App> {
	armFailPoints(options.env);
	const { settings, sources, warnings, workspace } = await findSettings(options);
	for (const warning of warnings) options.warn(warning.message);
	const ledger = openLedger({
		workspace,
		env: options.env,
		actorName: options.actor ?? options.env.MSGCODE_ACTOR ?? null,
		settings: {
			commit: settings.ledger.commit,
			lockTimeoutMs: settings.ledger.lock_timeout,
			sign: settings.ledger.sign,
			events: settings.ledger.events,
		},
		command: options.command,
		willChange: options.willChange,
		useIndex: options.useIndex,
		now: options.now,
		warn: options.warn,
	});
	await recoverFromCrash(ledger);
	const configDir = configFolder(options.env);
	const registry = async () => {
		const { createRegistry } = await import("./runners/registry.ts");
		return createRegistry(undefined, settings.runners, configDir);
	};
	const autoPlace = async () => {
		const { find } = await registry();
		return { env: options.env, stateDir: workspace.stateDir, now: options.now(), find };
	};
	let auto: Promise<string> | null = null;
	return {
		workspace,
		ledger,
		settings,
		sources,
		configDir,
		registry,
		async resolveRunner(kind) {
			if (kind !== AUTO) return kind;
			const { resolveAuto } = await import("./engine/probe/auto-runner.ts");
			auto ??= resolveAuto(await autoPlace());
			return await auto;
		},
		async rememberedAuto() {
			const { rememberedAuto } = await import("./engine/probe/auto-runner.ts");
			return rememberedAuto(await autoPlace());
		},
	};
}

async function findSettings(options: AppOptions): Promise<LoadedSettings & { workspace: Workspace }> {
	const found = findWorkspace(options.start);
	if (found !== null) return { ...(await loadSettings(found.root, options.env)), workspace: found };
	const fallback = (await loadSettings(null, options.env)).settings.workspace.default;
	const workspace = openWorkspace(fallback ?? options.start);
	return { ...(await loadSettings(workspace.root, options.env)), workspace };
}

/** Names in the state folder that a killed command may have left, and that a live one holds for a moment. */
const TRACES = /^(journal.*\.json|.*\.lock|\.msgcode-tmp-.*)$/;

/** A reader goes on when recovery has to wait (git is busy, the lock is held): what it reads is then merely older. */
async function recoverFromCrash(ledger: Ledger): Promise<void> {
	const { stateDir } = ledger.workspace;
	try {
		const names = existsSync(stateDir) ? readdirSync(stateDir) : [];
		if (names.some((name) => TRACES.test(name))) {
			const { finishJournal, needsRecovery } = await import("./ledger/change/recovery.ts");
			const { withLock } = await import("./ledger/change/transaction.ts");
			if (needsRecovery(ledger)) await withLock(ledger, (reader) => finishJournal(ledger, reader));
		}
		if (names.includes("claims") && readdirSync(join(stateDir, "claims")).length > 0) {
			const { recoverRuns } = await import("./engine/run/recover-runs.ts");
			for (const runId of await recoverRuns(ledger)) {
				ledger.warn(`The run ${runId} had lost its process; its work was collected and recorded.`);
			}
		}
		if (names.includes("settling")) {
			const { finishSettling, hasUnsettled } = await import("./engine/worktree/settle-worktree.ts");
			if (hasUnsettled(ledger)) await finishSettling(ledger);
		}
	} catch (error) {
		if (!(error instanceof MsgcodeError)) throw error;
		ledger.warn(`An interrupted command could not be finished yet: ${error.message}`);
	}
}
