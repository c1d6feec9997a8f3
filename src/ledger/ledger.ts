// An open ledger: the workspace with what a command needs to read and change it.
import { type Identity, readIdentity } from "../git/head.ts";
import { createGit, type Git } from "../git/plumbing.ts";
import type { Workspace } from "./workspace.ts";

export interface LedgerSettings {
	/** Commit each change, only stage it, or only write the files. */
	readonly commit: "auto" | "stage" | "off";
	readonly lockTimeoutMs: number;
	readonly sign: boolean;
}

export interface Ledger {
	readonly workspace: Workspace;
	readonly git: Git;
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly settings: LedgerSettings;
	/** Who acts, for the trailers: the name given, else git's user.name. */
	readonly actor: () => Promise<string>;
	/** Who commits, as git says. Asked once. */
	readonly identity: () => Promise<Identity>;
	/** What the lock says of its holder, for example "task add". */
	readonly command: string;
	/** Uses tasks/index.json; false reads every file. */
	readonly useIndex: boolean;
	readonly now: () => number;
	/** Tells the person something that the answer itself has no room for. */
	readonly warn: (message: string) => void;
}

export interface LedgerOptions extends Omit<Ledger, "git" | "actor" | "identity"> {
	/** The actor's name, where one was given. */
	readonly actorName: string | null;
}

export function openLedger(options: LedgerOptions): Ledger {
	const git = createGit(options.env, { cwd: options.workspace.root });
	let asked: Promise<Identity> | null = null;
	const identity = () => {
		asked ??= readIdentity(git);
		return asked;
	};
	const actor = async () => options.actorName ?? (await identity()).author.replace(/ <.*$/, "");
	return { ...options, git, identity, actor };
}
