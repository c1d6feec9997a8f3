// Checks the whole ledger: its files, its runs, its history, and what git keeps for it; three verdicts.
// Invariant: it reads and never writes, takes no lock, and what a command changed meanwhile is looked at again.
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { MsgcodeError } from "../core/errors.ts";
import { openObjectReader } from "../git/object-reader.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { LIVE, RUNS_FILE } from "../ledger/paths.ts";
import { checkArchive } from "./check-archive.ts";
import { checkDependencies } from "./check-dependencies.ts";
import { checkHistory } from "./check-history.ts";
import { checkLandings } from "./check-landings.ts";
import { checkObjects } from "./check-objects.ts";
import { checkPatches } from "./check-patches.ts";
import { checkResults } from "./check-results.ts";
import { checkRuns } from "./check-runs.ts";
import { checkTasks } from "./check-tasks.ts";
import { type Finding, finding, type Verdict, verdictOf } from "./finding.ts";
import { readHeadEntries } from "./head-entries.ts";
import { type LedgerHistory, walkHistory } from "./history-walk.ts";
import type { Look } from "./look.ts";
import { readRunHistory } from "./run-history.ts";
import { openScratchLedger, type ScratchLedger } from "./scratch-ledger.ts";
import { readSnapshot } from "./snapshot.ts";

export interface Check {
	readonly name: string;
	readonly verdict: Verdict;
	/** What was looked at. */
	readonly summary: string;
	readonly findings: readonly Finding[];
}

export interface FsckReport {
	readonly verdict: Verdict;
	readonly checks: readonly Check[];
}

/** How often everything is looked at again while commands keep changing the ledger. */
const LOOKS = 4;

export async function fsck(ledger: Ledger, isLive: (runId: string) => boolean): Promise<FsckReport> {
	for (let left = LOOKS; ; left -= 1) {
		const before = await stateOf(ledger);
		const report = await lookOnce(ledger, isLive);
		const settled = before.settled && before.text === (await stateOf(ledger)).text;
		if (report.verdict !== "damaged" || settled || left <= 1) return report;
	}
}

async function lookOnce(ledger: Ledger, isLive: (runId: string) => boolean): Promise<FsckReport> {
	const reader = openObjectReader(ledger.env, ledger.workspace.topLevel);
	let scratch: ScratchLedger | null = null;
	try {
		const partial = await isPartialClone(ledger);
		const head = await readHeadEntries(ledger, reader, { partial });
		const history = partial ? EMPTY : await walkHistory(ledger, reader, head.commit);
		const snapshot = readSnapshot(ledger.workspace.root);
		const look: Look = {
			ledger,
			reader,
			snapshot,
			head,
			history,
			partial,
			isLive,
			scratch: () => {
				scratch ??= openScratchLedger(ledger);
				return scratch;
			},
		};
		return await runChecks(look);
	} finally {
		(scratch as ScratchLedger | null)?.close();
		reader.close();
	}
}

const EMPTY: LedgerHistory = { commits: [], shallow: false, failure: null };

async function runChecks(look: Look): Promise<FsckReport> {
	const { snapshot, history, partial, ledger, reader } = look;
	const told = await readRunHistory(ledger, reader, history);
	const patches = await check("patches", plural(patchCount(look), "patch", "patches"), async () => {
		const { findings, sound } = await checkPatches(look, told);
		return { findings, more: sound };
	});
	const results = await check("results", plural(resultCount(look), "result"), async () => {
		if (partial) return { findings: [incomplete("results")], more: null };
		const { findings, proven } = await checkResults(look, patches.more ?? new Set());
		return { findings, more: proven };
	});
	const runs = `${plural(snapshot.runs.size, "run")}, ${plural(snapshot.lines.length, "line")}`;
	const simple = (name: string, summary: string, examine: () => readonly Finding[] | Promise<readonly Finding[]>) =>
		check(name, summary, async () => ({ findings: await examine(), more: null }));
	const checks = [
		await simple("tasks", plural(snapshot.tasks.size, "task"), () => checkTasks(look)),
		await simple("dependencies", plural(dependencyCount(look), "dependency", "dependencies"), () =>
			checkDependencies(look),
		),
		await simple("runs", runs, () => checkRuns(look, told)),
		patches,
		results,
		await simple("landings", plural(landingCount(look), "landing"), () =>
			partial ? [incomplete("landings")] : checkLandings(look, told, results.more ?? new Map()),
		),
		await simple("archive", plural(snapshot.rotated.length, "rotated run log"), () => checkArchive(look)),
		await simple("objects", plural(look.head.files.size, "file"), () =>
			partial ? [incomplete("objects")] : checkObjects(look),
		),
		await simple("history", plural(history.commits.length, "commit"), () =>
			partial ? [incomplete("history")] : checkHistory(look),
		),
	].map(({ more: _, ...one }): Check => one);
	return { verdict: verdictOf(checks), checks };
}

/** One check; what keeps it from looking is itself a finding. */
async function check<T>(
	name: string,
	summary: string,
	examine: () => Promise<{ readonly findings: readonly Finding[]; readonly more: T }>,
): Promise<Check & { readonly more: T | null }> {
	try {
		const { findings, more } = await examine();
		return { name, verdict: verdictOf(findings), summary, findings, more };
	} catch (error) {
		if (!(error instanceof MsgcodeError)) throw error;
		const { message, hint = "git fsck" } = error;
		const findings = [finding("check_incomplete", { message, hint })];
		return { name, verdict: verdictOf(findings), summary, findings, more: null };
	}
}

function incomplete(what: string): Finding {
	const message = `This clone is partial: the ${what} are not judged, because git would fetch objects for it.`;
	return finding("history_incomplete", { message, hint: "Check a clone that was made without --filter." });
}

async function isPartialClone({ git }: Ledger): Promise<boolean> {
	const pattern = "^(extensions\\.partialclone|remote\\..*\\.promisor)$";
	return (await git(["config", "--get-regexp", pattern], { accept: [0, 1] })).code === 0;
}

/** Whether a command is in the middle of a change, and what would show that there was one. */
async function stateOf(ledger: Ledger): Promise<{ readonly settled: boolean; readonly text: string }> {
	const { stateDir, root } = ledger.workspace;
	const journals = (existsSync(stateDir) ? readdirSync(stateDir) : []).filter((name) => name.startsWith("journal"));
	const head = await ledger.git(["rev-parse", "-q", "--verify", "HEAD"], { accept: [0, 1, 128] });
	const times = [LIVE, RUNS_FILE].map((path) => lstatSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs);
	return { settled: journals.length === 0, text: [head.stdout.toString("utf8"), ...journals, ...times].join("\n") };
}

function patchCount({ snapshot }: Look): number {
	return [...snapshot.runs.values()].filter(({ names }) => names.has("patch.diff")).length;
}

function resultCount({ snapshot }: Look): number {
	return [...snapshot.runs.values()].filter(({ receipt }) => (receipt?.tree ?? null) !== null).length;
}

function landingCount({ snapshot }: Look): number {
	return [...snapshot.runs.values()].filter(({ names }) => names.has("landing.json")).length;
}

function dependencyCount({ snapshot }: Look): number {
	return [...snapshot.tasks.values()].reduce((sum, { definition }) => sum + definition.dependsOn.length, 0);
}

function plural(count: number, one: string, many = `${one}s`): string {
	return `${count} ${count === 1 ? one : many}`;
}
