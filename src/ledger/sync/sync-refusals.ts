// Why a branch is not synchronised: each reason with the way on. Nothing has changed when one of them is thrown.
// Invariant: no message holds a command that would throw work away.
import { MsgcodeError } from "../../core/errors.ts";
import type { Upstream } from "../../git/repo.ts";
import type { UnpushedCommit } from "./unpushed.ts";

/** For people: `main`, `origin/main`. */
export interface Names {
	readonly branch: string;
	readonly upstream: string;
}

/** Where git itself would push nothing, or to another branch, publishing is not ours to decide. */
export function refusePushElsewhere(upstream: Upstream, { branch, upstream: name }: Names): void {
	if (upstream.pushRef === upstream.ref) return;
	const instead = upstream.pushRef === null ? "push nothing" : `push to ${shortName(upstream.pushRef)}`;
	throw new MsgcodeError(
		"sync_refused",
		`${branch} follows ${name}, but a plain \`git push\` would ${instead} (branch name, push.default or pushRemote).`,
		{ hint: `Publish it as a branch of its own: \`git push -u <remote> ${branch}\`. Then sync works on that.` },
	);
}

/** The user's own commits would have to move, or to be published. */
export function otherWork(commits: readonly UnpushedCommit[], diverged: boolean, { upstream }: Names): MsgcodeError {
	const others = commits.filter(({ kind }) => kind === "other");
	const beneath = diverged ? "" : ", and ledger commits lie on top of it";
	return new MsgcodeError(
		"sync_refused",
		`${count(others.length, "unpushed commit is", "unpushed commits are")} not ledger work${beneath}: ${listed(others)}.`,
		{
			hint: diverged
				? `Bring your own work together with ${upstream} first (\`git pull --rebase\`); then \`msgcode sync\` publishes ledger commits below it, and \`git push\` all.`
				: "Publish your own work with `git push` when it is ready; that takes the ledger along.",
			details: { commits: others.map(({ oid, subject }) => ({ commit: oid, subject })) },
		},
	);
}

export function unpushedMerge(foreign: readonly string[], { upstream }: Names): MsgcodeError {
	return new MsgcodeError(
		"sync_refused",
		`An unpushed merge changes files beside the ledger: ${foreign.slice(0, 5).join(", ")}.`,
		{ hint: `Publish it to ${upstream} with \`git push\` when it is ready; that takes the ledger along.` },
	);
}

/** Pushing would bring back what somebody took away. */
export function rewrittenUpstream(lost: readonly UnpushedCommit[], names: Names): MsgcodeError {
	return new MsgcodeError(
		"sync_refused",
		`${names.upstream} was rewritten: it no longer holds ${count(lost.length, "commit", "commits")} that it had and this branch still has: ${listed(lost)}.`,
		{
			hint: "If that was meant, `git pull --rebase` leaves them out here as well; if not, `git push` publishes them again, after a `git pull` where it has others instead.",
			details: { commits: lost.map(({ oid, subject }) => ({ commit: oid, subject })) },
		},
	);
}

export function refuseWhatCannotMove(commits: readonly UnpushedCommit[], { upstream }: Names): void {
	const landings = commits.filter(({ kind }) => kind === "landing");
	if (landings.length > 0) {
		throw new MsgcodeError(
			"sync_refused",
			`${upstream} has moved on, and unpushed landings hold code that only git should rebase: ${listed(landings)}.`,
			{ hint: "`git pull --rebase`, then `msgcode sync`." },
		);
	}
	const merges = commits.filter(({ kind }) => kind === "merge");
	if (merges.length > 0) {
		throw new MsgcodeError(
			"sync_refused",
			`${upstream} has moved on, and merges are not replayed: ${listed(merges)}.`,
			{ hint: "`git pull --no-rebase`, then `msgcode sync`." },
		);
	}
}

export function shortName(ref: string): string {
	return ref.replace(/^refs\/(?:heads|remotes)\//, "");
}

function listed(commits: readonly UnpushedCommit[]): string {
	const shown = commits.slice(0, 5).map(({ oid, subject }) => `${oid.slice(0, 10)} "${subject}"`);
	return `${shown.join(", ")}${commits.length > shown.length ? " …" : ""}`;
}

function count(number: number, one: string, many: string): string {
	return `${number} ${number === 1 ? one : many}`;
}
