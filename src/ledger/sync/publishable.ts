// Which unpushed commits can be published by themselves: the newest commit below which nothing is somebody's own work.
// Invariant: pure; what it names descends from the upstream's tip, so that pushing it is a fast-forward.
import type { UnpushedCommit } from "./unpushed.ts";

export interface Publishable {
	readonly tip: string;
	/** What pushing the tip would publish. */
	readonly commits: readonly UnpushedCommit[];
}

/** Candidates along the branch's own line, the newest first. `commits` are oldest first, as unpushedCommits gives them. */
export function publishableTips(commits: readonly UnpushedCommit[], head: string, upstream: string): Publishable[] {
	const byId = new Map(commits.map((commit) => [commit.oid, commit]));
	const own = new Set<string>();
	const descends = new Set<string>();
	for (const { oid, parents, kind } of commits) {
		if (kind === "other" || parents.some((parent) => own.has(parent))) own.add(oid);
		if (parents.some((parent) => parent === upstream || descends.has(parent))) descends.add(oid);
	}
	const found: Publishable[] = [];
	for (let commit = byId.get(head); commit !== undefined; commit = byId.get(commit.parents[0] ?? "")) {
		if (own.has(commit.oid) || !descends.has(commit.oid)) continue;
		found.push({ tip: commit.oid, commits: below(commit, byId) });
	}
	return found;
}

function below(top: UnpushedCommit, byId: ReadonlyMap<string, UnpushedCommit>): UnpushedCommit[] {
	const reached = new Set<UnpushedCommit>([top]);
	for (const commit of reached) {
		for (const parent of commit.parents) {
			const known = byId.get(parent);
			if (known !== undefined) reached.add(known);
		}
	}
	return [...byId.values()].filter((commit) => reached.has(commit));
}
