// The ledger's history as one reading of git gives it: every commit that changed something in tasks/, oldest first.
// Invariant: parents come before children; of a merge only those files are told that none of its parents has so.
import { MsgcodeError } from "../core/errors.ts";
import type { ObjectReader } from "../git/object-reader.ts";
import { type CommitFacts, commitFacts } from "../ledger/history/commit-facts.ts";
import { shallowCommits } from "../ledger/history/history-walk.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { LIVE } from "../ledger/paths.ts";
import { belowRoot, pathspec, type Workspace } from "../ledger/workspace.ts";

export interface FileChange {
	/** Relative to the workspace. */
	readonly path: string;
	/** Blob ids, one for each parent; null where there was no file. */
	readonly before: readonly (string | null)[];
	readonly after: string | null;
}

export interface WalkedCommit {
	readonly facts: CommitFacts;
	readonly changes: readonly FileChange[];
	readonly isMerge: boolean;
	/** A shallow clone ends here: everything in it looks new. */
	readonly isEdge: boolean;
}

export interface LedgerHistory {
	readonly commits: readonly WalkedCommit[];
	readonly shallow: boolean;
	/** Why git could not tell all of it; null where it did. */
	readonly failure: MsgcodeError | null;
}

const HOW = [
	"-z",
	"--raw",
	"-c",
	"--root",
	"--no-abbrev",
	"--no-renames",
	"--full-history",
	"--topo-order",
	"--reverse",
];

/** `head` is the checked-out commit; null on an unborn branch. */
export async function walkHistory(ledger: Ledger, reader: ObjectReader, head: string | null): Promise<LedgerHistory> {
	const edges = shallowCommits(ledger.workspace.commonDir);
	const shallow = edges.size > 0;
	if (head === null) return { commits: [], shallow, failure: null };
	try {
		const listed = await listCommits(ledger, head);
		const contents = await Promise.all(listed.map(({ oid }) => reader.read(oid)));
		const commits = listed.map(({ oid, parents, changes }, at) => ({
			facts: commitFacts(oid, contents[at]?.content ?? Buffer.alloc(0)),
			changes,
			isMerge: parents.length > 1,
			isEdge: edges.has(oid),
		}));
		return { commits, shallow, failure: null };
	} catch (error) {
		if (!(error instanceof MsgcodeError)) throw error;
		return { commits: [], shallow, failure: error };
	}
}

async function listCommits(ledger: Ledger, head: string): Promise<Listed[]> {
	const { workspace } = ledger;
	const args = ["log", ...HOW, "--no-notes", "--format=%x01%H%x00%P", head];
	const result = await ledger.git([...args, "--", pathspec(workspace, LIVE)], { cwd: workspace.topLevel });
	return parseLog(result.stdout.toString("utf8"), workspace);
}

interface Listed {
	readonly oid: string;
	readonly parents: readonly string[];
	readonly changes: FileChange[];
}

function parseLog(text: string, workspace: Pick<Workspace, "prefix">): Listed[] {
	const commits: Listed[] = [];
	const fields = text.split("\0");
	for (let at = 0; at < fields.length; at += 1) {
		const field = (fields[at] as string).replace(/^\n/, "");
		if (field.startsWith("\x01")) {
			at += 1;
			const parents = (fields[at] as string).trim().split(" ");
			commits.push({ oid: field.slice(1), parents: parents.filter((parent) => parent !== ""), changes: [] });
		} else if (field.startsWith(":")) {
			at += 1;
			commits.at(-1)?.changes.push(changeOf(field, fields[at] as string, workspace));
		}
	}
	return commits;
}

/** `:<mode> <mode> <oid> <oid> M`, with one colon, mode and id more for each further parent. */
function changeOf(raw: string, path: string, workspace: Pick<Workspace, "prefix">): FileChange {
	const colons = /^:+/.exec(raw)?.[0].length ?? 1;
	const words = raw.slice(colons).split(" ");
	const ids = words.slice(colons + 1, 2 * colons + 2).map((id) => (/^0+$/.test(id) ? null : id));
	return {
		path: belowRoot(workspace, path),
		before: ids.slice(0, -1),
		after: ids.at(-1) ?? null,
	};
}
