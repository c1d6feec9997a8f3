// Two runs side by side: how each ended, which files each changed, and what differs between their results.
// Invariant: only what is proven to be a run's result is compared as one; else the two patches are, and that is said.
import { MsgcodeError } from "../../core/errors.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import { type ChangedFile, changedFiles, patchNumbers, patchText } from "../../git/patch.ts";
import { textPatch } from "../../ledger/history/line-difference.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Receipt } from "../../ledger/runs/receipt.ts";
import { codeTreeAt } from "../landing/run-code.ts";
import type { RecordedRun } from "./recorded-run.ts";

export type FinishedRun = RecordedRun & { readonly receipt: Receipt };

type Numbers = Pick<ChangedFile, "path" | "insertions" | "deletions">;

export interface RunComparison {
	/** A file that at least one run changed, with each run's numbers of lines; null for a run that left it alone. */
	readonly files: readonly { readonly path: string; readonly a: Numbers | null; readonly b: Numbers | null }[];
	/** What the difference is of: the results' code, or the patches where a result is not here. null where neither can be told. */
	readonly by: "results" | "patches" | null;
	/** From a's result to b's. */
	readonly difference: readonly Numbers[];
	readonly diff: Buffer;
}

export async function compareRuns(
	ledger: Ledger,
	reader: ObjectReader,
	a: FinishedRun,
	b: FinishedRun,
): Promise<RunComparison> {
	const results = await Promise.all([resultOf(ledger, reader, a.receipt), resultOf(ledger, reader, b.receipt)]);
	const [ofA, ofB] = await Promise.all([
		filesOf(ledger, reader, a, results[0]),
		filesOf(ledger, reader, b, results[1]),
	]);
	const paths = [...new Set([...ofA.keys(), ...ofB.keys()])].sort();
	const files = paths.map((path) => ({ path, a: ofA.get(path) ?? null, b: ofB.get(path) ?? null }));
	return { files, ...(await differenceOf(ledger, a, b, results, paths)) };
}

/** The code tree of a result; null where this clone does not have it whole. */
async function resultOf(ledger: Ledger, reader: ObjectReader, receipt: Receipt): Promise<string | null> {
	const { ref, codeTree } = receipt;
	const code = ref == null ? null : await codeTreeAt(ledger, reader, ref);
	return code === codeTree ? code : null;
}

async function filesOf(
	ledger: Ledger,
	reader: ObjectReader,
	{ patch, receipt }: FinishedRun,
	result: string | null,
): Promise<ReadonlyMap<string, Numbers>> {
	const { git, workspace } = ledger;
	const byPath = (files: readonly Numbers[]) =>
		new Map(files.map(({ path, insertions, deletions }) => [path, { path, insertions, deletions }]));
	if (patch !== null) return byPath(await patchNumbers(git, workspace.topLevel, patch));
	const { baseCodeTree } = receipt;
	if (result === null || baseCodeTree == null || (await reader.read(baseCodeTree)) === null) return new Map();
	return byPath(await changedFiles(git, workspace.commonDir, baseCodeTree, result));
}

/** So many files that a difference can still be narrowed to them on one command line. */
const MOST_PATHS = 500;

async function differenceOf(
	ledger: Ledger,
	a: FinishedRun,
	b: FinishedRun,
	[ofA, ofB]: readonly (string | null)[],
	paths: readonly string[],
): Promise<Pick<RunComparison, "by" | "difference" | "diff">> {
	const { git, workspace } = ledger;
	if (ofA != null && ofB != null) {
		// Runs with different bases differ in what neither of them did; only their own files count.
		const sameBase = a.receipt.baseCodeTree === b.receipt.baseCodeTree;
		const narrowed = sameBase || paths.length > MOST_PATHS ? [] : paths;
		try {
			const diff = await patchText(git, workspace.commonDir, ofA, ofB, narrowed);
			return { by: "results", diff, difference: await patchNumbers(git, workspace.topLevel, diff) };
		} catch (error) {
			// A clone without all objects.
			if (!(error instanceof MsgcodeError) || error.code !== "git_failed") throw error;
		}
	}
	const [old, now] = [patchOf(a), patchOf(b)];
	const text = old === null || now === null ? null : textPatch(["a/patch.diff", "b/patch.diff"], old, now);
	if (text === null) return { by: null, difference: [], diff: Buffer.alloc(0) };
	return { by: "patches", difference: [], diff: Buffer.from(old === now ? "" : text) };
}

function patchOf({ patch, receipt }: FinishedRun): string | null {
	return patch?.toString("utf8") ?? (receipt.noChanges ? "" : null);
}
