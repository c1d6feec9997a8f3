// HEAD of a checkout: the branch, its commit and tree, and the compare-and-swap that moves it.
// Invariant: a branch moves only from the commit that was read, never from whatever it points at by then.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MsgcodeError } from "../core/errors.ts";
import type { ObjectReader } from "./object-reader.ts";
import { type ObjectStore, writeObject } from "./object-writer.ts";
import type { Git } from "./plumbing.ts";

export interface Head {
	/** Full name of the checked-out branch; null when HEAD is detached. */
	readonly ref: string | null;
	/** null on an unborn branch. */
	readonly commit: string | null;
	readonly tree: string | null;
}

export async function readHead(gitDir: string, reader: ObjectReader, git: Git): Promise<Head> {
	const ref = await headRef(gitDir, git);
	const object = await reader.read(ref ?? "HEAD");
	if (object === null) return { ref, commit: null, tree: null };
	return { ref, commit: object.oid, tree: treeOfCommit(object.content) };
}

/** The tree that a commit's content names. */
export function treeOfCommit(content: Buffer): string {
	const found = /^tree ([0-9a-f]+)\n/.exec(content.toString("latin1", 0, 80));
	if (found?.[1] === undefined)
		throw new MsgcodeError("git_failed", "A commit object cannot be read.", { hint: "git fsck" });
	return found[1];
}

async function headRef(gitDir: string, git: Git): Promise<string | null> {
	const content = readFileSync(join(gitDir, "HEAD"), "utf8");
	const found = /^ref: (\S+)/.exec(content);
	if (found === null) return null;
	// A repository that keeps its refs in another format leaves this placeholder in the file.
	if (found[1] !== "refs/heads/.invalid") return found[1] as string;
	const result = await git(["symbolic-ref", "-q", "HEAD"], { accept: [0, 1] });
	return result.stdout.toString("utf8").trim() || null;
}

/** Who a commit is by, as `git var` prints it: "Name <email> seconds zone". */
export interface Identity {
	readonly author: string;
	readonly committer: string;
}

/** Asks git who commits here; throws `git_identity` when it does not know. */
export async function readIdentity(git: Git): Promise<Identity> {
	const ask = async (name: string) => (await git(["var", name])).stdout.toString("utf8").trim();
	const [author, committer] = await Promise.all([ask("GIT_AUTHOR_IDENT"), ask("GIT_COMMITTER_IDENT")]);
	return { author, committer };
}

export interface NewCommit {
	readonly tree: string;
	readonly parents: readonly string[];
	readonly message: string;
	readonly sign: boolean;
	readonly identity: Identity;
}

/** Writes a commit object; no ref moves. Signing is git's own business, so a signed commit is made by git. */
export async function writeCommit(store: ObjectStore, git: Git, commit: NewCommit): Promise<string> {
	if (commit.sign) {
		const parents = commit.parents.flatMap((parent) => ["-p", parent]);
		const result = await git(["commit-tree", commit.tree, ...parents, "-S", "-F", "-"], { stdin: commit.message });
		return result.stdout.toString("utf8").trim();
	}
	const { author, committer } = commit.identity;
	const header = [
		`tree ${commit.tree}`,
		...commit.parents.map((parent) => `parent ${parent}`),
		`author ${author}`,
		`committer ${committer}`,
	];
	return writeObject(store, "commit", Buffer.from(`${header.join("\n")}\n\n${commit.message}`));
}

/** Moves the branch of `head` (or HEAD itself when detached) to `commit`; false when it moved meanwhile. */
export async function moveHead(git: Git, head: Head, commit: string, reason: string): Promise<boolean> {
	const name = head.ref ?? "HEAD";
	const old = head.commit ?? "0".repeat(commit.length);
	const args = ["update-ref", ...(head.ref === null ? ["--no-deref"] : []), "-m", reason, name, commit, old];
	const result = await git(args, { accept: [0, 1, 128] });
	if (result.code === 0) return true;
	if (
		/is at [0-9a-f]+ but expected|reference already exists|unable to lock|Unable to create .*\.lock/.test(result.stderr)
	)
		return false;
	throw new MsgcodeError("git_failed", `git could not move ${name}: ${result.stderr.trim()}`);
}
