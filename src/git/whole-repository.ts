// What a backup of a repository holds: its branches, its tags and msgcode's own refs, in a repository that has all objects.
// Invariant: a repository that lacks objects by nature is refused, since no copy of it could be whole.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { MsgcodeError } from "../core/errors.ts";
import type { Git } from "./plumbing.ts";

export interface KeptRefs {
	/** Full names and ids. */
	readonly refs: ReadonlyMap<string, string>;
	/** The checked-out branch, `main`; null when HEAD is detached. */
	readonly branch: string | null;
	/** What HEAD stands for; null on an unborn branch. */
	readonly head: string | null;
}

export const KEPT: readonly string[] = ["refs/heads", "refs/tags", "refs/msgcode"];

/** Throws `backup_refused` for a shallow, partial or empty repository. */
export async function refsToKeep(
	git: Git,
	place: { readonly topLevel: string; readonly commonDir: string },
): Promise<KeptRefs> {
	await refuseIncomplete(git, place);
	const cwd = place.topLevel;
	const refs = await listRefs(git, cwd);
	if (refs.size === 0) {
		throw new MsgcodeError("backup_refused", "This repository has no commit yet, so there is nothing to keep.", {
			hint: "Commit something first.",
		});
	}
	const branch = await git(["symbolic-ref", "--quiet", "--short", "HEAD"], { cwd, accept: [0, 1] });
	const head = await git(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], { cwd, accept: [0, 1, 128] });
	return { refs, branch: textOf(branch.stdout), head: textOf(head.stdout) };
}

/** The refs of a repository that a backup is about. */
export async function listRefs(git: Git, cwd: string): Promise<Map<string, string>> {
	const listed = await git(["for-each-ref", "--format=%(objectname) %(refname)", ...KEPT], { cwd });
	return parseRefs(listed.stdout);
}

/** `<id> <name>` on each line. */
export function parseRefs(output: Buffer): Map<string, string> {
	const lines = output.toString("utf8").matchAll(/^([0-9a-f]{40,64}) (.+)$/gm);
	return new Map([...lines].map(([, oid = "", name = ""]) => [name, oid]));
}

/** Names whose ids differ between the two, or that one of them lacks. */
export function differingRefs(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string[] {
	const names = new Set([...one.keys(), ...other.keys()]);
	return [...names].filter((name) => one.get(name) !== other.get(name)).sort();
}

async function refuseIncomplete(
	git: Git,
	{ topLevel, commonDir }: { topLevel: string; commonDir: string },
): Promise<void> {
	if (existsSync(join(commonDir, "shallow"))) {
		throw new MsgcodeError("backup_refused", "This clone is shallow: a copy of it would lack the older history.", {
			hint: "Bring the rest first: `git fetch --unshallow`.",
		});
	}
	const asked = ["config", "--get-regexp", "^(extensions\\.partialclone|remote\\..*\\.promisor)$"];
	const partial = await git(asked, { cwd: topLevel, accept: [0, 1] });
	if (partial.stdout.length > 0) {
		throw new MsgcodeError("backup_refused", "This is a partial clone: a copy of it would lack the objects left out.", {
			hint: "Make the backup in a full clone.",
		});
	}
}

function textOf(output: Buffer): string | null {
	return output.toString("utf8").trim() || null;
}
