// An open ledger: the workspace with what a command needs to read and change it.
import { type Identity, readIdentity } from "../git/head.ts";
import { openLooseFirst } from "../git/loose-reader.ts";
import { type ObjectReader, openObjectReader } from "../git/object-reader.ts";
import { createGit, type Git } from "../git/plumbing.ts";
import type { Workspace } from "./workspace.ts";

export interface LedgerSettings {
	/** Commit each change, only stage it, or only write the files. */
	readonly commit: "auto" | "stage" | "off";
	readonly lockTimeoutMs: number;
	readonly sign: boolean;
	/** Whether a run's events stay on this machine or go into the ledger beside its receipt. */
	readonly events: "local" | "commit";
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
	/** A conversation with `git cat-file`. Its users share one process, which ends soon after the last has closed it. */
	readonly openReader: () => ObjectReader;
	/** What the lock says of its holder, for example "task add". */
	readonly command: string;
	/** Uses tasks/index.json; false reads every file. */
	readonly useIndex: boolean;
	readonly now: () => number;
	/** Tells the person something that the answer itself has no room for. */
	readonly warn: (message: string) => void;
}

export interface LedgerOptions extends Omit<Ledger, "git" | "actor" | "identity" | "openReader"> {
	/** The actor's name, where one was given. */
	readonly actorName: string | null;
	/** The command will change the ledger: git is asked what that needs while the command's own code still loads. */
	readonly willChange?: boolean;
}

export function openLedger(options: LedgerOptions): Ledger {
	const git = createGit(options.env, { cwd: options.workspace.root });
	let asked: Promise<Identity> | null = null;
	const identity = () => {
		asked ??= readIdentity(git, options.env);
		return asked;
	};
	const actor = async () => options.actorName ?? (await identity()).author.name;
	const { workspace, env } = options;
	const openGit = () => openObjectReader(env, workspace.topLevel);
	const openReader = sharedReader(() => openLooseFirst(workspace, openGit, options.willChange === true));
	if (options.willChange === true) {
		openReader().close();
		void identity().catch(() => {});
	}
	return { ...options, git, identity, actor, openReader };
}

/** How long an unused reader is kept for the next user. */
const READER_IDLE_MS = 1_000;

function sharedReader(open: () => ObjectReader): () => ObjectReader {
	let shared: ObjectReader | null = null;
	let users = 0;
	let idle: NodeJS.Timeout | undefined;
	return () => {
		clearTimeout(idle);
		users += 1;
		if (shared === null || shared.ended) shared = open();
		const reader = shared;
		let closed = false;
		return {
			get ended() {
				return reader.ended;
			},
			read: (name) => reader.read(name),
			close() {
				if (closed) return;
				closed = true;
				users -= 1;
				if (users > 0) return;
				idle = setTimeout(() => {
					shared?.close();
					shared = null;
				}, READER_IDLE_MS);
				idle.unref();
			},
		};
	};
}
