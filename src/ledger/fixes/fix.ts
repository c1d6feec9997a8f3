// What can be mended in a ledger, and what a person has to decide: the words that every kind of fix answers with.
// Invariant: finding reads and never writes, and a fix rests on what is known; nothing is ever mended by guessing.
import type { ObjectReader } from "../../git/object-reader.ts";
import type { LedgerView } from "../change/apply.ts";
import type { Ledger } from "../ledger.ts";
import type { MergeText } from "../merge/merge-task.ts";

/** Where fixes are looked for. */
export interface FixGround {
	readonly ledger: Ledger;
	readonly view: LedgerView;
	readonly reader: ObjectReader;
	/** Paths (relative to the workspace) that the index holds in conflict, with the ids of their stages. */
	readonly unmerged: ReadonlyMap<string, Stages>;
	/** Text three-way, as git does it. */
	readonly mergeText: MergeText;
	/** Tells a run that has not ended yet. */
	readonly isLive: (runId: string) => boolean;
}

/** Ids of the blobs that a conflict left in the index; a side that lacks the file has none. */
export interface Stages {
	readonly base: string | null;
	readonly ours: string | null;
	readonly theirs: string | null;
}

export interface FixWrite {
	/** Relative to the workspace. */
	readonly path: string;
	/** The content that the fix was found for; another one by now refuses the fix. null where the file is not there. */
	readonly seen: Buffer | null;
	/** null removes the file. */
	readonly content: string | Buffer | null;
}

export interface Fix {
	readonly taskId: string | null;
	/** The file that it is about, relative to the workspace (`.git/…` for what is local). */
	readonly file: string;
	/** What is wrong: a sentence. */
	readonly message: string;
	/** Why mending it so is safe: a sentence. */
	readonly why: string;
	/** What was done, as a commit's subject says it. */
	readonly summary: string;
	readonly writes: readonly FixWrite[];
	/** Makes a fix that is no commit: of this clone, its checkout or its index alone. */
	readonly mend?: () => Promise<void> | void;
	/** What would be done, line for line, where that is no write of the ledger. */
	readonly steps?: readonly string[];
}

/** Something that is wrong and that only a person can decide. */
export interface Undecided {
	readonly taskId: string | null;
	readonly file: string;
	readonly message: string;
	/** Fields, or lines, that the sides disagree on. */
	readonly fields: readonly string[];
	readonly hint: string;
}

export interface Findings {
	readonly fixes: readonly Fix[];
	readonly undecided: readonly Undecided[];
}

export interface FixKind {
	/** The stable name, for scripts. */
	readonly code: string;
	/** What is wrong, as the documentation lists it. */
	readonly wrong: string;
	/** What is done about it. */
	readonly mended: string;
	find(ground: FixGround): Promise<Findings> | Findings;
}

/** What `msgcode doctor` says of whatever a fix can be found for. */
export const FIX_HINT = "See what would be done: `msgcode doctor --fix`.";

export const NOTHING: Findings = { fixes: [], undecided: [] };

/** A fix of one file's text. */
export function textFix(
	ground: FixGround,
	fix: Omit<Fix, "writes" | "file"> & { readonly path: string; readonly content: string | null },
): Fix {
	const { path, content, ...rest } = fix;
	return { ...rest, file: path, writes: [{ path, seen: ground.view.working(path), content }] };
}
