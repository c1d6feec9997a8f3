// HEAD of a checkout: the branch, its commit and tree, and the compare-and-swap that moves it.
// Invariant: a branch moves only from the commit that was read, never from whatever it points at by then.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MsgcodeError } from "../core/errors.ts";
import type { ObjectReader } from "./object-reader.ts";
import { type ObjectStore, writeObject } from "./object-writer.ts";
import { type Git, type GitResult, gitFailure } from "./plumbing.ts";

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

/** Who a commit is by. */
export interface Identity {
	readonly author: Person;
	readonly committer: Person;
}

export interface Person {
	readonly name: string;
	/** `Name <email>`, as it stands in a commit. */
	readonly signature: string;
	/** Offset from UTC as git writes it: "+0200". */
	readonly zone: string;
	/** Seconds since 1970 where the environment fixes the date (GIT_AUTHOR_DATE …); null means the time of the commit. */
	readonly fixedSeconds: number | null;
}

/** Asks git who commits here; throws `git_identity` when it does not know. */
export async function readIdentity(git: Git, env: Readonly<Record<string, string | undefined>>): Promise<Identity> {
	const all = new Map<string, string>();
	for (const line of (await git(["var", "-l"], { accept: [0, 128] })).stdout.toString("utf8").split("\n")) {
		const equals = line.indexOf("=");
		if (equals > 0) all.set(line.slice(0, equals), line.slice(equals + 1));
	}
	// The list is lenient: without a name in the configuration it makes one up, where a single question would be refused.
	const sure = all.has("user.name") && all.has("user.email");
	const ask = async (name: string) =>
		(sure ? all.get(name) : undefined) ?? (await git(["var", name])).stdout.toString("utf8").trim();
	const [author, committer] = await Promise.all([ask("GIT_AUTHOR_IDENT"), ask("GIT_COMMITTER_IDENT")]);
	return { author: personOf(author, env.GIT_AUTHOR_DATE), committer: personOf(committer, env.GIT_COMMITTER_DATE) };
}

function personOf(ident: string, date: string | undefined): Person {
	const found = /^(.*?) ?(<[^>]*>) (\d+) ([+-]\d{4})$/s.exec(ident);
	if (found === null) throw new MsgcodeError("git_identity", "git does not say who commits in this repository.");
	const [, name = "", email = "", seconds = "0", zone = "+0000"] = found;
	return {
		name,
		signature: `${name} ${email}`,
		zone,
		fixedSeconds: date === undefined || date === "" ? null : Number(seconds),
	};
}

/** The person with the time, as a commit's author or committer line has it. */
export function stamped(person: Person): string {
	return `${person.signature} ${person.fixedSeconds ?? Math.floor(Date.now() / 1000)} ${person.zone}`;
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
		`author ${stamped(author)}`,
		`committer ${stamped(committer)}`,
	];
	return writeObject(store, "commit", Buffer.from(`${header.join("\n")}\n\n${commit.message}`));
}

/** A git that was started early and waits to be told which branch moves where; told nothing, it changes nothing. */
export interface WaitingMove {
	tell(input: string): Promise<GitResult>;
	/** Ends it. May be called at any time, also after `tell`. */
	drop(): void;
}

/** Starts git while the change that the branch is to move to is still being written. */
export function prepareMove(git: Git, reason: string): WaitingMove {
	const { promise, resolve } = Promise.withResolvers<string>();
	const result = git(["update-ref", "-m", reason, "--stdin"], { stdin: promise, accept: MOVE_CODES });
	result.catch(() => {});
	return {
		tell(input) {
			resolve(input);
			return result;
		},
		drop: () => resolve(""),
	};
}

const MOVE_CODES = [0, 1, 128];

/**
 * Moves the branch of `head` (or HEAD itself when detached) to `commit`; false when it is not where it was read any more.
 * Waits up to `patienceMs` for another git process to let go of the ref's lock file, then throws `ref_locked`. A git that
 * waits is told first.
 */
export async function moveHead(
	git: Git,
	head: Head,
	commit: string,
	reason: string,
	patienceMs = 10_000,
	waiting: WaitingMove | null = null,
): Promise<boolean> {
	const name = head.ref ?? "HEAD";
	const old = head.commit ?? "0".repeat(commit.length);
	const args = ["update-ref", ...(head.ref === null ? ["--no-deref"] : []), "-m", reason, name, commit, old];
	const input = `${head.ref === null ? "option no-deref\n" : ""}update ${name} ${commit} ${old}\n`;
	const deadline = Date.now() + patienceMs;
	for (let first = waiting; ; first = null) {
		const { code, stderr } = await (first === null ? git(args, { accept: MOVE_CODES }) : first.tell(input));
		if (code === 0) return true;
		if (/is at [0-9a-f]+ but expected|reference already exists|unable to resolve reference/.test(stderr)) return false;
		if (!/Unable to create '.*\.lock': File exists/.test(stderr)) throw gitFailure(["update-ref"], code, stderr);
		if (Date.now() >= deadline)
			throw new MsgcodeError(
				"ref_locked",
				`Another git process holds the lock file of ${name}; nothing was committed.`,
			);
		await sleep(20);
	}
}
