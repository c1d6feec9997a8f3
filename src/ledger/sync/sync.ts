// Brings the checked-out branch and its upstream together, as far as that is the ledger's business.
// Invariant: only commits of the ledger (and landings, which their user made to be published) are moved or pushed, by
// fast-forward alone; everything else is refused with the reason, before anything has changed.
import { setTimeout as sleep } from "node:timers/promises";
import { MsgcodeError } from "../../core/errors.ts";
import { type Head, readHead } from "../../git/head.ts";
import { type ObjectReader, openObjectReader } from "../../git/object-reader.ts";
import { refuseWhileBusy } from "../../git/operation.ts";
import { openRepo, type Repo, type Upstream } from "../../git/repo.ts";
import { moveCheckout, refuseOverlap } from "../change/move-checkout.ts";
import { inLedger } from "../change/transaction.ts";
import type { Ledger } from "../ledger.ts";
import { refreshIndex } from "../listing/task-index.ts";
import { isLedgerPathOf } from "../workspace.ts";
import { type Publishable, publishableTips } from "./publishable.ts";
import { replayOnto } from "./replay.ts";
import { oncePublished } from "./rewritten-upstream.ts";
import {
	type Names,
	otherWork,
	refusePushElsewhere,
	refuseWhatCannotMove,
	rewrittenUpstream,
	shortName,
	unpushedMerge,
} from "./sync-refusals.ts";
import { changesBetween, type UnpushedCommit, unpushedCommits } from "./unpushed.ts";

/** How often a push is tried again when the remote's branch moved meanwhile. */
const MAX_TRIES = 5;

export interface SyncResult {
	readonly branch: string;
	/** For people: `origin/main`. */
	readonly upstream: string;
	readonly remote: string;
	readonly action: "up-to-date" | "fast-forward" | "push" | "replay";
	/** Where the branch was, and where it is (with --dry-run: would be). */
	readonly before: string;
	readonly after: string;
	/** Commits that came from the upstream, and commits that went there. */
	readonly pulled: number;
	readonly pushed: number;
	/** Local commits that were made anew on top of the upstream, and such as the upstream held already. */
	readonly replayed: number;
	readonly dropped: number;
	/** Local commits that stay unpublished: the user's own work, and ledger commits that lie on top of it. */
	readonly unpublished: readonly { readonly commit: string; readonly subject: string; readonly ledger: boolean }[];
	readonly tries: number;
}

export interface SyncOptions {
	/** Work out what would be done. Objects are fetched; no ref, index or file changes. */
	readonly dryRun: boolean;
}

/** Throws `sync_refused` with the reason and the way on, `remote_failed`, `git_busy`, `ledger_locked`, `index_locked`. */
export async function syncLedger(ledger: Ledger, options: SyncOptions): Promise<SyncResult> {
	if (!options.dryRun) refuseWhileBusy(ledger.workspace.gitDir);
	const repo = await openRepo(ledger.env, ledger.workspace.topLevel);
	let done: SyncResult | null = null;
	for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
		const { ref, upstream, former } = await startingPoint(ledger, repo);
		const theirs = await repo.fetch(upstream, !options.dryRun);
		const step = { ledger, repo, ref, upstream, former, theirs };
		const { publish, ...merged } = options.dryRun
			? await withReader(ledger, (reader) => planned(step, reader))
			: await integrated(step);
		done = together(done, { ...merged, tries });
		if (options.dryRun || merged.pushed === 0) break;
		if ((await repo.push(upstream, publish)) === "pushed") break;
		if (tries === MAX_TRIES) {
			throw new MsgcodeError(
				"sync_refused",
				`${done.upstream} moved ${MAX_TRIES} times while this was trying to push.`,
				{
					hint: "Your branch is up to date with it as of now; run `msgcode sync` again.",
					details: { branch: done.branch, after: done.after },
				},
			);
		}
		await sleep(Math.random() * 200 * tries);
	}
	if (!options.dryRun) await refreshIndex(ledger);
	return done as SyncResult;
}

interface Step {
	readonly ledger: Ledger;
	readonly repo: Repo;
	/** The full name of the checked-out branch. */
	readonly ref: string;
	readonly upstream: Upstream;
	/** The upstream's tip as it was known before the fetch; null where it was not. */
	readonly former: string | null;
	/** The upstream's tip. */
	readonly theirs: string;
}

interface Outcome extends Omit<SyncResult, "tries"> {
	/** What the upstream's branch is to be. */
	readonly publish: string;
}

async function startingPoint(ledger: Ledger, repo: Repo): Promise<Pick<Step, "ref" | "upstream" | "former">> {
	const head = await withReader(ledger, (reader) => readHead(ledger.workspace.gitDir, reader, ledger.git));
	if (head.ref === null) {
		throw new MsgcodeError("sync_refused", "HEAD is detached, so there is no branch to bring up to date.", {
			hint: "Check out a branch: `git switch <branch>`.",
		});
	}
	const branch = shortName(head.ref);
	if (head.commit === null) {
		throw new MsgcodeError("sync_refused", `The branch ${branch} has no commit yet.`, { hint: "Make one first." });
	}
	const upstream = await repo.upstreamOf(head.ref);
	if (upstream === null) {
		const [remote] = await repo.remotes();
		throw new MsgcodeError(
			"sync_refused",
			remote === undefined
				? "This repository has no remote to synchronise with."
				: `The branch ${branch} has no upstream to synchronise with.`,
			{
				hint:
					remote === undefined
						? `Name one with \`git remote add origin <url>\`, then \`git push -u origin ${branch}\`.`
						: `Publish it once: \`git push -u ${remote} ${branch}\`.`,
			},
		);
	}
	if (upstream.remote === ".") {
		throw new MsgcodeError(
			"sync_refused",
			`The upstream of ${branch} is ${shortName(upstream.ref)}, a branch of this very repository.`,
			{ hint: "Give it a remote's branch as upstream: `git branch --set-upstream-to <remote>/<branch>`." },
		);
	}
	const former = await withReader(ledger, (reader) => reader.read(upstream.ref));
	return { ref: head.ref, upstream, former: former?.oid ?? null };
}

/** Under the lock: the branch holds both sides afterwards, and what has to be pushed is counted. */
async function integrated(step: Step): Promise<Outcome> {
	const { ledger } = step;
	const { gitDir } = ledger.workspace;
	for (let race = 0; race < MAX_TRIES; race += 1) {
		const outcome = await inLedger(ledger, async (reader) => {
			const plan = await planned(step, reader);
			if (plan.after === plan.before) return plan;
			const head = await readHead(gitDir, reader, ledger.git);
			const reason = `msgcode sync: ${plan.action === "replay" ? "replay onto" : "fast-forward to"} ${plan.upstream}`;
			if (head.ref !== step.ref || head.commit !== plan.before) return null;
			return (await moveCheckout(ledger, head, plan.after, reason)) ? plan : null;
		});
		if (outcome !== null) return outcome;
	}
	throw new MsgcodeError("branch_moved", `The branch ${shortName(step.ref)} moved again and again meanwhile.`, {
		hint: "Another program commits to it without pause. Try again when it is done.",
	});
}

/** What is to be done, with every reason against it looked into. Writes objects, nothing else. */
async function planned(step: Step, reader: ObjectReader): Promise<Outcome> {
	const { ledger, repo, ref, upstream, theirs } = step;
	const { git, workspace } = ledger;
	const head = await readHead(workspace.gitDir, reader, git);
	const before = requireBranch(head, ref);
	const names = { branch: shortName(ref), upstream: shortName(upstream.ref) };
	const [ahead, behind] = await distance(ledger, before, theirs, names.upstream);
	const stays = { before, after: before, publish: before, replayed: 0, dropped: 0, unpublished: [] };
	const outcome = { ...names, ...stays, remote: upstream.remote, pulled: behind, pushed: ahead };
	if (ahead === 0 && behind === 0) return { ...outcome, action: "up-to-date" };
	if (ahead === 0) {
		await refuseOverlap(ledger, repo, before, theirs);
		return { ...outcome, action: "fast-forward", after: theirs };
	}
	const commits = await unpushedCommits(git, workspace, before, theirs);
	await refuseRewritten(step, commits, names);
	const hasOthers = commits.some(({ kind }) => kind === "other");
	// Ledger commits could be copied onto an upstream that moved, past the user's own. But the branch would keep the
	// originals: after the user's next pull history would hold each command twice. So that is left to git.
	if (hasOthers && behind > 0) throw otherWork(commits, true, names);
	if (hasOthers) return { ...outcome, ...(await partPublished(step, commits, before, names)) };
	refusePushElsewhere(upstream, names);
	if (behind === 0) {
		if (commits.some(({ kind }) => kind === "merge")) {
			const foreign = await mergedCode(ledger, theirs, before);
			if (foreign.length > 0) throw unpushedMerge(foreign, names);
		}
		return { ...outcome, action: "push" };
	}
	refuseWhatCannotMove(commits, names);
	const { tip, count, dropped } = await replayOnto(ledger, reader, theirs, commits);
	await refuseOverlap(ledger, repo, before, tip);
	return { ...outcome, action: "replay", after: tip, publish: tip, pushed: count, replayed: count, dropped };
}

/** Publishes the ledger's commits below the user's own work, which stays as and where it is. */
async function partPublished(
	step: Step,
	commits: readonly UnpushedCommit[],
	head: string,
	names: Names,
): Promise<Pick<Outcome, "action" | "publish" | "pushed" | "unpublished">> {
	const ready = await publishable(step, commits, head);
	const published = new Set(ready?.commits);
	const left = commits.filter((commit) => !published.has(commit));
	const unpublished = left.map(({ oid, subject, kind }) => {
		return { commit: oid, subject, ledger: kind === "ledger" || kind === "landing" };
	});
	if (ready !== null) {
		refusePushElsewhere(step.upstream, names);
		return { action: "push", publish: ready.tip, pushed: ready.commits.length, unpublished };
	}
	if (unpublished.some(({ ledger }) => ledger)) throw otherWork(commits, false, names);
	return { action: "up-to-date", publish: head, pushed: 0, unpublished };
}

async function publishable(step: Step, commits: readonly UnpushedCommit[], head: string): Promise<Publishable | null> {
	for (const candidate of publishableTips(commits, head, step.theirs)) {
		const merges = candidate.commits.some(({ kind }) => kind === "merge");
		if (!merges || (await mergedCode(step.ledger, step.theirs, candidate.tip)).length === 0) return candidate;
	}
	return null;
}

/** An upstream that lost commits which this branch still has: pushing them would bring back what somebody took away. */
async function refuseRewritten(step: Step, commits: readonly UnpushedCommit[], names: Names): Promise<void> {
	const { ledger, upstream, former, theirs } = step;
	const seen = { trackingRef: upstream.ref, former, tip: theirs };
	const ids = commits.map(({ oid }) => oid);
	const once = await oncePublished(ledger.git, ledger.workspace.topLevel, seen, ids);
	if (once.size === 0) return;
	throw rewrittenUpstream(
		commits.filter(({ oid }) => once.has(oid)),
		names,
	);
}

function requireBranch(head: Head, ref: string): string {
	if (head.ref === ref && head.commit !== null) return head.commit;
	throw new MsgcodeError("sync_refused", `${shortName(ref)} was checked out when this began, and now is not.`, {
		hint: "Run `msgcode sync` again.",
	});
}

async function distance(ledger: Ledger, ours: string, theirs: string, name: string): Promise<[number, number]> {
	const cwd = ledger.workspace.topLevel;
	const base = await ledger.git(["merge-base", ours, theirs], { cwd, accept: [0, 1] });
	if (base.code !== 0) {
		throw new MsgcodeError("sync_refused", `This branch and ${name} have no common commit.`, {
			hint: "In a shallow clone `git fetch --unshallow` brings the history that is missing.",
		});
	}
	const result = await ledger.git(["rev-list", "--left-right", "--count", `${ours}...${theirs}`], { cwd });
	const [ahead = 0, behind = 0] = result.stdout.toString("utf8").trim().split(/\s+/).map(Number);
	return [ahead, behind];
}

/** Paths beside the ledger that differ between the upstream and an unpushed merge. */
async function mergedCode(ledger: Ledger, theirs: string, ours: string): Promise<string[]> {
	const changes = await changesBetween(ledger.git, ledger.workspace, theirs, ours);
	return changes.map(({ path }) => path).filter((path) => !isLedgerPathOf(ledger.workspace, path));
}

/** One result for all tries: it began where the first began and ended where the last ended. */
function together(before: SyncResult | null, now: SyncResult): SyncResult {
	if (before === null) return now;
	return {
		...now,
		before: before.before,
		pulled: before.pulled + now.pulled,
		// A commit that was replayed twice is one commit.
		replayed: Math.max(before.replayed, now.replayed),
		dropped: before.dropped + now.dropped,
		action: now.action === "up-to-date" ? before.action : now.action,
	};
}

async function withReader<T>(ledger: Ledger, work: (reader: ObjectReader) => Promise<T>): Promise<T> {
	const reader = openObjectReader(ledger.env, ledger.workspace.topLevel);
	try {
		return await work(reader);
	} finally {
		reader.close();
	}
}
