// The sides of a merge that left its markers in a file, found again: the merge commit's parents and their merge base, or, for a
// cherry-pick, a rebase or a squash, the commit that the markers themselves name.
// Invariant: read from git's objects alone; more than one possible base is no base.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { basename } from "node:path/posix";
import { readFacts } from "../history/history.ts";
import { LIVE } from "../paths.ts";
import { fromTop } from "../workspace.ts";
import { type ConflictText, parseMarkers } from "./conflict-text.ts";
import type { FixGround } from "./fix.ts";
import type { KnownSides } from "./resolve-markers.ts";

/** Commits of a file's history that are looked at for the one that brought the markers. */
const MAX_COMMITS = 500;

interface Tips {
	readonly ours: string;
	readonly theirs: string;
	/** null where it is the merge base of both. */
	readonly base: string | null;
}

/** null where the sides cannot be told. */
export async function sidesInHistory(
	ground: FixGround,
	path: string,
	labels: ConflictText["labels"],
): Promise<KnownSides | null> {
	const places = placesOf(ground, path);
	const tips = await tipsOf(ground, places, labels);
	if (tips === null) return null;
	const { ours, theirs } = tips;
	const base = tips.base ?? (await onlyMergeBase(ground, ours, theirs));
	if (base === null) return null;
	const [baseText, ourText, theirText] = await Promise.all(
		[base, ours, theirs].map((rev) => textAt(ground, rev, places)),
	);
	if (ourText == null || theirText == null || baseText === undefined) return null;
	return { base: baseText, ours: ourText, theirs: theirText };
}

async function tipsOf(
	ground: FixGround,
	places: readonly string[],
	labels: ConflictText["labels"],
): Promise<Tips | null> {
	const { view, ledger } = ground;
	if (view.head.commit === null) return null;
	const committed = await textAt(ground, view.head.commit, places);
	if (committed == null || parseMarkers(committed) === "none") {
		const merging = join(ledger.workspace.gitDir, "MERGE_HEAD");
		const heads = existsSync(merging) ? readFileSync(merging, "utf8").trim().split("\n") : [];
		const [head] = heads;
		if (head !== undefined) return heads.length === 1 ? { ours: view.head.commit, theirs: head, base: null } : null;
		return namedTips(ground, view.head.commit, labels);
	}
	const brought = await commitThatBrought(ground, places);
	const [first, second, third] = brought ?? [];
	if (first === undefined || third !== undefined) return null;
	return second === undefined ? namedTips(ground, first, labels) : { ours: first, theirs: second, base: null };
}

/** The parents of the commit in which the markers first stood; null where that is not found. */
async function commitThatBrought(ground: FixGround, places: readonly string[]): Promise<readonly string[] | null> {
	const { git, workspace } = ground.ledger;
	const args = ["log", `--max-count=${MAX_COMMITS}`, "--format=%H", "--no-renames"];
	const pathspecs = places.map((place) => `:(top,literal)${place}`);
	const log = await git([...args, "HEAD", "--", ...pathspecs], { cwd: workspace.topLevel });
	for (const commit of log.stdout.toString("utf8").split("\n")) {
		if (commit === "") continue;
		const parents = (await readFacts(ground.reader, commit)).parents;
		const texts = await Promise.all([commit, ...parents].map((rev) => textAt(ground, rev, places)));
		const [own, ...before] = texts.map((text) => text != null && parseMarkers(text) !== "none");
		if (own === true && before.every((marked) => !marked)) return parents;
	}
	return null;
}

/** `1a2b3c4 (subject)` is a commit that was picked, `parent of 1a2b3c4 (subject)` one that was reverted, else it is a branch. */
async function namedTips(ground: FixGround, ours: string, labels: ConflictText["labels"]): Promise<Tips | null> {
	const [, reverted, picked] = /^(parent of )?([0-9a-f]{7,64}) \(/.exec(labels.theirs) ?? [];
	if (picked !== undefined) {
		const commit = await commitOf(ground, picked);
		const [parent] = commit === null ? [] : (await readFacts(ground.reader, commit)).parents;
		if (commit === null || parent === undefined) return null;
		return reverted === undefined ? { ours, theirs: commit, base: parent } : { ours, theirs: parent, base: commit };
	}
	if (!/^[\p{L}\p{N}_][\p{L}\p{N}_./-]*$/u.test(labels.theirs)) return null;
	const theirs = await commitOf(ground, labels.theirs);
	return theirs === null ? null : { ours, theirs, base: null };
}

async function commitOf({ reader }: FixGround, name: string): Promise<string | null> {
	const object = await reader.read(`${name}^{commit}`);
	return object?.type === "commit" ? object.oid : null;
}

/** Of a criss-cross of merges there are several, and git makes up one of its own: then it is not known. */
async function onlyMergeBase({ ledger }: FixGround, ours: string, theirs: string): Promise<string | null> {
	const found = await ledger.git(["merge-base", "--all", ours, theirs], { accept: [0, 1, 128] });
	const bases = found.stdout.toString("utf8").trim().split("\n");
	return found.code === 0 && bases.length === 1 && bases[0] !== "" ? (bases[0] as string) : null;
}

/** The file's own place, and the live one where it is archived: both from the repository's top folder. */
function placesOf({ ledger }: FixGround, path: string): readonly string[] {
	const live = `${LIVE}/${basename(path)}`;
	return [...new Set([path, live])].map((place) => fromTop(ledger.workspace, place));
}

/** null where the commit does not have the file, undefined where what it has is no text. */
async function textAt(
	{ reader }: FixGround,
	rev: string,
	places: readonly string[],
): Promise<string | null | undefined> {
	for (const place of places) {
		const blob = await reader.read(`${rev}:${place}`);
		if (blob === null) continue;
		const text = blob.content.toString("utf8");
		return blob.type === "blob" && Buffer.from(text).equals(blob.content) ? text : undefined;
	}
	return null;
}
