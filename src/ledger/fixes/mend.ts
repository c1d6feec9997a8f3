// Finds every fix and makes those that are wanted, each as a commit of its own through the ledger's one door.
// Invariant: looking writes nothing; a fix is made only on the very bytes that it was found for; one that fails or is not
// needed any more stops no other; after a crash between two of them the ledger is as healthy as after either.
import { MsgcodeError } from "../../core/errors.ts";
import { readHead } from "../../git/head.ts";
import { viewOf } from "../change/apply.ts";
import { changeLedger, withLock } from "../change/transaction.ts";
import { readWorkingFile } from "../change/working-files.ts";
import { fileDifference } from "../history/line-difference.ts";
import type { Ledger } from "../ledger.ts";
import { refreshIndex } from "../listing/task-index.ts";
import { gitMergeText } from "../merge/merge-text.ts";
import { fromTop } from "../workspace.ts";
import type { Findings, Fix, FixGround, FixKind, Undecided } from "./fix.ts";
import { fixKinds } from "./registry.ts";
import { unmergedPaths } from "./stages.ts";

export interface FoundFix extends Fix {
	readonly code: string;
	/** Nothing is committed: it concerns this clone, its checkout or its index alone. */
	readonly local: boolean;
	/** What would be written, as a unified diff or as steps. */
	readonly diff: string;
}

export interface FoundUndecided extends Undecided {
	readonly code: string;
}

export interface Found {
	readonly fixes: readonly FoundFix[];
	readonly undecided: readonly FoundUndecided[];
}

export interface MadeFix {
	readonly fix: FoundFix;
	/** The commit; null for a local fix, and where `ledger.commit` is not auto. */
	readonly commit: string | null;
	/** Why it was not made; null where it was. */
	readonly failure: MsgcodeError | null;
}

/** A fix may uncover the next one; more rounds than this find nothing new. */
const MAX_ROUNDS = 8;

/** Everything that can be mended, and everything that a person must decide. Reads only. */
export async function findFixes(ledger: Ledger, isLive: (runId: string) => boolean): Promise<Found> {
	const reader = ledger.openReader();
	try {
		const head = await readHead(ledger.workspace.gitDir, reader, ledger.git);
		const view = viewOf(ledger, reader, head);
		const unmerged = await unmergedPaths(ledger);
		const mergeText = gitMergeText({ git: ledger.git, folder: ledger.workspace.stateDir });
		const ground: FixGround = { ledger, view, reader, unmerged, mergeText, isLive };
		const fixes: FoundFix[] = [];
		const undecided: FoundUndecided[] = [];
		for (const kind of fixKinds) {
			const found = await findOf(kind, ground);
			fixes.push(
				...found.fixes.map((fix) => ({ ...fix, code: kind.code, local: fix.mend !== undefined, diff: diffOf(fix) })),
			);
			undecided.push(...found.undecided.map((one) => ({ ...one, code: kind.code })));
		}
		return { fixes, undecided };
	} finally {
		reader.close();
	}
}

/** A place that cannot be looked at (no permission, an object that is missing) hides no other fix. */
async function findOf(kind: FixKind, ground: FixGround): Promise<Findings> {
	try {
		return await kind.find(ground);
	} catch (error) {
		const isKnown = error instanceof MsgcodeError ? error.code !== "internal" : "errno" in (error as object);
		if (!isKnown) throw error;
		const message = `Fixes of this kind could not be looked for: ${(error as Error).message}`;
		const hint =
			(error instanceof MsgcodeError ? error.hint : undefined) ?? "Check the folder's owner and permissions.";
		return { fixes: [], undecided: [{ taskId: null, file: "tasks", message, fields: [], hint }] };
	}
}

/** Makes every fix that is found, and those that these uncover. */
export async function makeFixes(ledger: Ledger, isLive: (runId: string) => boolean): Promise<MadeFix[]> {
	const made: MadeFix[] = [];
	const tried = new Set<string>();
	for (let round = 0; round < MAX_ROUNDS; round += 1) {
		const { fixes } = await findFixes(ledger, isLive);
		const open = fixes.filter((fix) => !tried.has(keyOf(fix)));
		if (open.length === 0) break;
		// What a fix of this round has written, the others of it have not seen: they are found anew.
		const touched = new Set<string>();
		for (const fix of open) {
			const paths = [fix.file, ...fix.writes.map(({ path }) => path)];
			if (paths.some((path) => touched.has(path))) continue;
			for (const path of paths) touched.add(path);
			tried.add(keyOf(fix));
			made.push(await makeFix(ledger, fix));
		}
	}
	if (made.some(({ failure }) => failure === null)) await refreshIndex(ledger);
	return made;
}

/** One try for each file: what was refused because it changed meanwhile is for the next look of a person. */
function keyOf(fix: FoundFix): string {
	return `${fix.code} ${fix.file}`;
}

async function makeFix(ledger: Ledger, fix: FoundFix): Promise<MadeFix> {
	try {
		if (fix.mend !== undefined) {
			const { mend } = fix;
			await withLock(ledger, async () => {
				refuseIfChanged(fix, (path) => readWorkingFile(ledger.workspace, fromTop(ledger.workspace, path)));
				await mend();
			});
			return { fix, commit: null, failure: null };
		}
		const { commit } = await changeLedger(ledger, (view) => {
			refuseIfChanged(fix, view.working);
			return {
				writes: fix.writes.map(({ path, content }) => ({ path, content })),
				message: { op: "fix", summary: fix.summary, ...(fix.taskId === null ? {} : { taskId: fix.taskId }) },
				value: null,
			};
		});
		return { fix, commit, failure: null };
	} catch (error) {
		if (!(error instanceof MsgcodeError) || error.code === "internal") throw error;
		return { fix, commit: null, failure: error };
	}
}

function refuseIfChanged(fix: Fix, working: (path: string) => Buffer | null): void {
	for (const { path, seen } of fix.writes) {
		const now = working(path);
		if (now === null ? seen === null : seen?.equals(now) === true) continue;
		throw new MsgcodeError("fix_outdated", `${path} changed since it was looked at; this fix was not made.`);
	}
}

/** What a fix would write, as a unified diff of each file, or as the steps that it takes. */
function diffOf(fix: Fix): string {
	if (fix.steps !== undefined) return fix.steps.map((step) => `${step}\n`).join("");
	return fix.writes
		.map(({ path, seen, content }) => fileDifference(path, seen, content === null ? null : Buffer.from(content)))
		.join("");
}
