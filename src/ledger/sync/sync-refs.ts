// Results of runs (refs/msgcode/runs/…) to and from a remote, on request.
// Invariant: a ref is only ever created, here and there, never moved; nothing is published that the branch's own sync would not
// publish: no secret, no uncommitted or unpublished work of the user. What comes is kept only where it is the recorded result.
import { MsgcodeError } from "../../core/errors.ts";
import { treeOfCommit } from "../../git/head.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import type { Repo } from "../../git/repo.ts";
import { readFacts } from "../history/history.ts";
import type { Ledger } from "../ledger.ts";
import type { Receipt } from "../runs/receipt.ts";
import { allReceipts } from "../runs/runs.ts";
import { unpushedCommits } from "./unpushed.ts";

const RESULTS = "refs/msgcode/runs/";

export interface RefsResult {
	/** Ids of runs whose result went there, came from there, or is the same on both sides. */
	readonly pushed: readonly string[];
	readonly fetched: readonly string[];
	readonly same: number;
	/** Results that were left as they are, and why. */
	readonly left: readonly LeftResult[];
}

export interface LeftResult {
	readonly runId: string;
	/** differs: each side has another one. unrecorded: the remote's is not what the receipt names. The others stay private. */
	readonly why: "differs" | "unrecorded" | "secret" | "carried" | "unpublished-base";
}

interface KnownResult {
	readonly receipt: Receipt;
	readonly here: string | null;
	readonly there: string | null;
}

/** Throws `remote_failed`, `sync_refused` where the remote takes no such refs. With `dryRun` nothing moves. */
export async function syncResults(ledger: Ledger, repo: Repo, remote: string, dryRun: boolean): Promise<RefsResult> {
	const reader = ledger.openReader();
	try {
		const results = await knownResults(ledger, repo, remote);
		const left: LeftResult[] = [];
		const push: KnownResult[] = [];
		const fetch: KnownResult[] = [];
		for (const result of results) {
			const { receipt, here, there } = result;
			const { runId } = receipt;
			if (here !== null && there !== null && here !== there) left.push({ runId, why: "differs" });
			if (here === null && there !== null) fetch.push(result);
			if (here === null || there !== null) continue;
			const why = await whyPrivate(ledger, reader, receipt, here, remote);
			if (why === null) push.push(result);
			else left.push({ runId, why });
		}
		const same = results.filter(({ here, there }) => here !== null && here === there).length;
		const pushed = idsOf(push);
		if (dryRun) return { pushed, fetched: idsOf(fetch), same, left };
		const { fetched, unrecorded } = await fetchResults(ledger, repo, remote, reader, fetch);
		await repo.pushRefs(
			remote,
			push.map(({ receipt, here }) => `${here}:${RESULTS}${receipt.runId}`),
		);
		return {
			pushed,
			fetched,
			same,
			left: [...left, ...unrecorded.map((runId) => ({ runId, why: "unrecorded" as const }))],
		};
	} finally {
		reader.close();
	}
}

/** The runs on record here whose result is here or there. */
async function knownResults(ledger: Ledger, repo: Repo, remote: string): Promise<KnownResult[]> {
	const { root, topLevel } = ledger.workspace;
	const there = await repo.remoteRefs(remote, `${RESULTS}*`);
	const listed = await ledger.git(["for-each-ref", "--format=%(objectname) %(refname)", RESULTS], { cwd: topLevel });
	const here = new Map(
		[...listed.stdout.toString("utf8").matchAll(/^([0-9a-f]{40,64}) (.+)$/gm)].map(([, oid = "", ref = ""]) => [
			ref,
			oid,
		]),
	);
	return allReceipts(root).flatMap((receipt) => {
		const ref = `${RESULTS}${receipt.runId}`;
		const sides = { here: here.get(ref) ?? null, there: there.get(ref) ?? null };
		return sides.here === null && sides.there === null ? [] : [{ receipt, ...sides }];
	});
}

/** Why the result does not leave this clone; null where nothing speaks against it. */
async function whyPrivate(
	ledger: Ledger,
	reader: ObjectReader,
	receipt: Receipt,
	oid: string,
	remote: string,
): Promise<LeftResult["why"] | null> {
	if (receipt.patch?.withheld === "secret") return "secret";
	// The base of such a run is the user's uncommitted work of that moment.
	if ((await reader.read(`refs/msgcode/carry/${receipt.runId}`)) !== null) return "carried";
	const [base] = (await readFacts(reader, oid)).parents;
	if (base === undefined) return null;
	const { git, workspace } = ledger;
	const below = await unpushedCommits(git, workspace, base, `--remotes=${remote}`);
	return below.every(({ kind }) => kind === "ledger") ? null : "unpublished-base";
}

/** Brings results as objects, looks at each, and only then gives it its ref. */
async function fetchResults(
	ledger: Ledger,
	repo: Repo,
	remote: string,
	reader: ObjectReader,
	results: readonly KnownResult[],
): Promise<{ readonly fetched: string[]; readonly unrecorded: string[] }> {
	const fetched: string[] = [];
	const unrecorded: string[] = [];
	await repo.fetchObjects(
		remote,
		results.map(({ receipt }) => `${RESULTS}${receipt.runId}`),
	);
	const lines: string[] = [];
	for (const { receipt, there } of results) {
		const recorded = there !== null && (await isRecorded(reader, there, receipt));
		(recorded ? fetched : unrecorded).push(receipt.runId);
		if (recorded) lines.push(`create ${RESULTS}${receipt.runId} ${there}`);
	}
	if (lines.length > 0) await createRefs(ledger, lines);
	return { fetched, unrecorded };
}

async function isRecorded(reader: ObjectReader, oid: string, receipt: Receipt): Promise<boolean> {
	const commit = await reader.read(oid);
	return commit?.type === "commit" && treeOfCommit(commit.content) === receipt.tree;
}

async function createRefs(ledger: Ledger, lines: readonly string[]): Promise<void> {
	const stdin = `${lines.join("\n")}\n`;
	await ledger.git(["update-ref", "--stdin", "-m", "msgcode sync --refs"], { stdin }).catch((cause: unknown) => {
		if (!(cause instanceof MsgcodeError) || cause.code !== "git_failed") throw cause;
		throw new MsgcodeError("ref_locked", "Refs of results are being changed by another program; none was kept.", {
			hint: "Run `msgcode sync --refs` again.",
			cause,
		});
	});
}

function idsOf(results: readonly KnownResult[]): string[] {
	return results.map(({ receipt }) => receipt.runId);
}
