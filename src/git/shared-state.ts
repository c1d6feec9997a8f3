// What a run in a worktree can still reach: refs, stash, configuration, hooks and the main checkout. Seen before and after.
// Invariant: this only tells; it never puts anything back, since the change may have been the user's own.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CollectWarning } from "./collect.ts";
import type { Git } from "./plumbing.ts";

export interface SharedState {
	readonly refs: ReadonlyMap<string, string>;
	readonly config: string;
	readonly hooks: string;
	/** Status lines of the main checkout, the ledger's own paths left out. */
	readonly checkout: ReadonlySet<string>;
}

export interface SharedPlace {
	readonly commonDir: string;
	readonly gitDir: string;
	readonly topLevel: string;
	/** Paths (relative to the top folder) whose changes are the ledger's own doing. */
	readonly isLedgerPath: (path: string) => boolean;
	/** Refs that are the run's own. */
	readonly isOwnRef: (name: string) => boolean;
}

export async function readSharedState(git: Git, place: SharedPlace): Promise<SharedState> {
	const [refs, status] = await Promise.all([
		git(["for-each-ref", "--format=%(objectname) %(refname)"], { cwd: place.topLevel }),
		git(["status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal", "--ignore-submodules=dirty"], {
			cwd: place.topLevel,
		}),
	]);
	const named = refs.stdout
		.toString("utf8")
		.split("\n")
		.filter((line) => line !== "")
		.map((line): [string, string] => [line.slice(line.indexOf(" ") + 1), line.slice(0, line.indexOf(" "))]);
	const lines = status.stdout
		.toString("utf8")
		.split("\0")
		.filter((line) => line !== "" && !place.isLedgerPath(line.slice(3)));
	return {
		refs: new Map(named.filter(([name]) => !place.isOwnRef(name))),
		config: digestOf([join(place.commonDir, "config"), join(place.gitDir, "config.worktree")]),
		hooks: digestOfFolder(join(place.commonDir, "hooks")),
		checkout: new Set(lines),
	};
}

/** One warning for each kind of thing that changed between the two looks. */
export async function compareSharedState(
	git: Git,
	place: SharedPlace,
	before: SharedState,
	after: SharedState,
): Promise<CollectWarning[]> {
	const warnings: CollectWarning[] = [];
	const moved = [...new Set([...before.refs.keys(), ...after.refs.keys()])].filter(
		(name) => before.refs.get(name) !== after.refs.get(name),
	);
	const foreign: string[] = [];
	for (const name of moved) {
		if (name === "refs/stash") {
			warnings.push({ code: "stash_changed", message: "The stash changed during the run." });
		} else if (!(await onlyLedgerCommits(git, place, before.refs.get(name), after.refs.get(name)))) {
			foreign.push(name);
		}
	}
	if (foreign.length > 0)
		warnings.push({
			code: "refs_changed",
			message: "Branches or tags of the repository changed during the run.",
			paths: foreign,
		});
	if (before.config !== after.config)
		warnings.push({ code: "config_changed", message: "The repository's git configuration changed during the run." });
	if (before.hooks !== after.hooks)
		warnings.push({ code: "hooks_changed", message: "The repository's git hooks changed during the run." });
	const touched = [...symmetricDifference(before.checkout, after.checkout)].map((line) => line.slice(3));
	if (touched.length > 0) {
		const paths = [...new Set(touched)].sort();
		warnings.push({ code: "checkout_changed", message: "Files of the main checkout changed during the run.", paths });
	}
	return warnings;
}

async function onlyLedgerCommits(
	git: Git,
	place: SharedPlace,
	from: string | undefined,
	to: string | undefined,
): Promise<boolean> {
	if (from === undefined || to === undefined) return false;
	const result = await git(["diff-tree", "-r", "-z", "--name-only", "--no-renames", from, to], {
		cwd: place.topLevel,
		accept: [0, 128],
	});
	const paths = result.stdout
		.toString("utf8")
		.split("\0")
		.filter((path) => path !== "");
	return result.code === 0 && paths.every(place.isLedgerPath);
}

function symmetricDifference(a: ReadonlySet<string>, b: ReadonlySet<string>): Set<string> {
	return new Set([...[...a].filter((line) => !b.has(line)), ...[...b].filter((line) => !a.has(line))]);
}

function digestOf(files: readonly string[]): string {
	const hash = createHash("sha256");
	for (const file of files) hash.update(existsSync(file) ? readFileSync(file) : "absent").update("\0");
	return hash.digest("hex");
}

function digestOfFolder(folder: string): string {
	if (!existsSync(folder)) return "absent";
	const files = readdirSync(folder, { withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => entry.name)
		.sort();
	return createHash("sha256")
		.update(files.join("\0"))
		.update(digestOf(files.map((name) => join(folder, name))))
		.digest("hex");
}
