// The commits that a branch has and its upstream has not, and which of them are the ledger's to move and publish.
// Invariant: a commit counts as ledger work only by the paths that it changes, as a landing only by path and trailer both.
import type { Git } from "../../git/plumbing.ts";
import { isLedgerPathOf, type Workspace } from "../workspace.ts";

/** ledger: only ledger paths. landing: a run's patch that was landed, or taken back. merge: two parents. other: somebody's own work. */
export type CommitKind = "ledger" | "landing" | "merge" | "other";

export interface PathChange {
	/** Relative to the repository's top folder. */
	readonly path: string;
	/** git's modes; null where the file is not there. */
	readonly oldMode: string | null;
	readonly newMode: string | null;
	readonly oldOid: string | null;
	readonly newOid: string | null;
}

export interface UnpushedCommit {
	readonly oid: string;
	readonly subject: string;
	readonly parents: readonly string[];
	readonly kind: CommitKind;
	/** Against its parent; empty for a merge. */
	readonly changes: readonly PathChange[];
}

/** The commits of `head` that the `known` revisions (or git's patterns for them) lack, oldest first. */
export async function unpushedCommits(
	git: Git,
	workspace: Workspace,
	head: string,
	...known: readonly string[]
): Promise<UnpushedCommit[]> {
	const format = "--format=%H%n%P%n%(trailers:key=Msgcode-Op,valueonly,separator=%x2C)%n%s";
	const range = ["--topo-order", "--reverse", "-z", "-s", "--encoding=UTF-8", format];
	const log = await git(["log", ...range, head, "--not", ...known, "--"], { cwd: workspace.topLevel });
	const commits = log.stdout
		.toString("utf8")
		.split("\0")
		.filter((text) => text !== "")
		.map((text) => {
			const [oid = "", parents = "", op = "", subject = ""] = text.split("\n");
			return { oid, parents: parents.split(" ").filter((parent) => parent !== ""), op, subject };
		});
	const changes = await changesOf(
		git,
		workspace,
		commits.map(({ oid }) => oid),
	);
	return commits.map(({ oid, parents, op, subject }) => {
		const own = changes.get(oid) ?? [];
		const kind = parents.length > 1 ? "merge" : kindOf(workspace, op, own);
		return { oid, parents, subject, kind, changes: own };
	});
}

/** What differs between two trees or commits, file by file. */
export async function changesBetween(
	git: Git,
	workspace: Workspace,
	from: string,
	to: string,
): Promise<readonly PathChange[]> {
	const result = await git(["diff-tree", "-r", "-z", "--no-renames", "--raw", from, to], { cwd: workspace.topLevel });
	return parseRaw(result.stdout.toString("utf8")).get("") ?? [];
}

/** Commands whose commit may hold code: a landing, and what takes one back. */
const CARRYING_CODE: ReadonlySet<string> = new Set(["apply", "rollback", "undo"]);

function kindOf(workspace: Workspace, op: string, changes: readonly PathChange[]): CommitKind {
	const ours = changes.filter(({ path }) => isLedgerPathOf(workspace, path));
	// A commit that changes nothing is somebody's signal (to a build, say) unless a command of ours made it.
	if (ours.length === changes.length) return changes.length > 0 || op !== "" ? "ledger" : "other";
	return CARRYING_CODE.has(op) && ours.some(({ path }) => path.endsWith("/landing.json")) ? "landing" : "other";
}

async function changesOf(
	git: Git,
	workspace: Workspace,
	commits: readonly string[],
): Promise<Map<string, readonly PathChange[]>> {
	if (commits.length === 0) return new Map();
	const args = ["diff-tree", "--stdin", "--root", "-r", "-z", "--no-renames", "--raw"];
	const result = await git(args, { cwd: workspace.topLevel, stdin: `${commits.join("\n")}\n` });
	return parseRaw(result.stdout.toString("utf8"));
}

/** `diff-tree --raw -z`: `:mode mode oid oid status` and the path for each file, with the commit's id before its files. */
function parseRaw(text: string): Map<string, PathChange[]> {
	const byCommit = new Map<string, PathChange[]>();
	let current: PathChange[] = [];
	byCommit.set("", current);
	const tokens = text.split("\0");
	for (let at = 0; at < tokens.length; at += 1) {
		const token = (tokens[at] ?? "").replace(/^\n/, "");
		if (token === "") continue;
		if (!token.startsWith(":")) {
			current = [];
			byCommit.set(token.trim(), current);
			continue;
		}
		const [oldMode = "", newMode = "", oldOid = "", newOid = ""] = token.slice(1).split(" ");
		const side = (mode: string, value: string) => (mode === "000000" ? null : value);
		at += 1;
		current.push({
			path: tokens[at] ?? "",
			oldMode: side(oldMode, oldMode),
			newMode: side(newMode, newMode),
			oldOid: side(oldMode, oldOid),
			newOid: side(newMode, newOid),
		});
	}
	return byCommit;
}
