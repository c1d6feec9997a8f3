// An open ledger on a test repository, without a command line around it.
import { type Ledger, type LedgerOptions, openLedger } from "../../src/ledger/ledger.ts";
import { openWorkspace } from "../../src/ledger/workspace.ts";
import type { Repo } from "./repo.ts";

export interface TestLedger extends Ledger {
	/** What was said to the person. */
	readonly said: readonly string[];
}

export interface TestLedgerOptions extends Partial<Omit<LedgerOptions, "settings">> {
	readonly settings?: Partial<LedgerOptions["settings"]>;
	/** The folder that the workspace is looked for from. */
	readonly start?: string;
}

/** The ledger of a repository that has one; locks are waited for one second. */
export function ledgerOf(made: Repo, options: TestLedgerOptions = {}): TestLedger {
	const { start, settings, ...rest } = options;
	const said: string[] = [];
	const ledger = openLedger({
		workspace: openWorkspace(start ?? made.path),
		env: made.env,
		actorName: null,
		command: "test",
		useIndex: true,
		now: Date.now,
		warn: (message) => said.push(message),
		...rest,
		settings: { commit: "auto", lockTimeoutMs: 1000, sign: false, events: "local", ...settings },
	});
	return { ...ledger, said };
}
