// Each run's files against its receipt: the patch's digest, size, numbers and paths, committed events, and that neither
// receipt nor patch was changed after its birth. Invariant: of one file the first thing that is wrong is told, not what follows from it.
import { createHash } from "node:crypto";
import { objectId } from "../git/object-writer.ts";
import { patchNumbers } from "../git/patch.ts";
import { type PatchFile, readPatch } from "../git/patch-reader.ts";
import { type PatchFacts, parseReceipt, type Receipt } from "../ledger/runs/receipt.ts";
import { isLedgerPathOf } from "../ledger/workspace.ts";
import { type Finding, finding, fromHistory } from "./finding.ts";
import type { Look } from "./look.ts";
import type { RunHistory } from "./run-history.ts";
import { bytesOf, type RunPlace } from "./snapshot.ts";

export interface PatchCheck {
	readonly findings: readonly Finding[];
	/** Runs whose patch has the very bytes that the receipt describes. The patches themselves are not kept: they may be large. */
	readonly sound: ReadonlySet<string>;
}

export async function checkPatches(look: Look, told: RunHistory): Promise<PatchCheck> {
	const findings: Finding[] = [];
	const sound = new Set<string>();
	for (const run of look.snapshot.runs.values()) {
		if (run.receipt === null || run.newer || look.isLive(run.runId)) continue;
		const changed = await changedAfterBirth(look, told, run, "run_receipt.json");
		if (changed !== null) findings.push(changed);
		findings.push(...eventsFinding(look, run, run.receipt));
		const { patch } = run.receipt;
		if (patch === null || patch.withheld !== undefined) continue;
		const wrong = await checkPatch(look, told, run, patch);
		if (wrong === null) sound.add(run.runId);
		else findings.push(wrong);
	}
	return { findings, sound };
}

async function checkPatch(look: Look, told: RunHistory, run: RunPlace, facts: PatchFacts): Promise<Finding | null> {
	const { workspace } = look.ledger;
	const file = `${run.folder}/patch.diff`;
	const fail = (code: Finding["code"], message: string, hint = fromHistory(file)) =>
		finding(code, { file, runId: run.runId, taskId: run.taskId, message, hint });
	const bytes = bytesOf(workspace.root, file);
	if (bytes === null) return fail("patch_missing", `${file} is not there.`);
	if (createHash("sha256").update(bytes).digest("hex") !== facts.sha256) {
		const changed = await changedAfterBirth(look, told, run, "patch.diff");
		return changed ?? fail("patch_digest", `${file} is not the patch that the receipt describes.`);
	}
	if (bytes.length !== facts.bytes) {
		return fail("patch_size", `${file} has ${bytes.length} bytes, the receipt says ${facts.bytes}.`);
	}
	const files = readPatch(bytes);
	const numbers = await numbersOf(look, bytes, files, facts);
	if (numbers !== null) {
		const [count, insertions, deletions] = numbers;
		const is = `${count} files, +${insertions} −${deletions}`;
		const said = `${facts.files} files, +${facts.insertions} −${facts.deletions}`;
		return fail("patch_numbers", `${file} has ${is}; the receipt says ${said}.`);
	}
	const strange = (files ?? []).flatMap(({ oldPath, newPath }) =>
		[oldPath, newPath].filter((path) => path !== null && isLedgerPathOf(workspace, path)),
	)[0];
	if (strange === undefined) return null;
	return fail("patch_ledger_path", `${file} changes ${strange}, which is the ledger's.`);
}

/** The numbers of the patch where they are not the receipt's; git has the last word. null where they agree. */
async function numbersOf(
	{ ledger }: Look,
	bytes: Buffer,
	files: readonly PatchFile[] | null,
	facts: PatchFacts,
): Promise<readonly [number, number, number] | null> {
	const agree = ([count, insertions, deletions]: readonly [number, number, number]) =>
		count === facts.files && insertions === facts.insertions && deletions === facts.deletions;
	if (files !== null && agree(sums(files))) return null;
	const counted = sums(await patchNumbers(ledger.git, ledger.workspace.topLevel, bytes).catch(() => []));
	return agree(counted) ? null : counted;
}

function sums(
	files: readonly { readonly insertions: number | null; readonly deletions: number | null }[],
): readonly [number, number, number] {
	const sum = (pick: "insertions" | "deletions") => files.reduce((total, file) => total + (file[pick] ?? 0), 0);
	return [files.length, sum("insertions"), sum("deletions")];
}

/** A committed file whose content is none that it was born with, or that a release gave it. */
async function changedAfterBirth(
	look: Look,
	told: RunHistory,
	run: RunPlace,
	name: "run_receipt.json" | "patch.diff",
): Promise<Finding | null> {
	const { ledger, head } = look;
	const file = `${run.folder}/${name}`;
	const committed = head.files.get(file);
	const births = told.files.get(`${run.runId}/${name}`);
	if (committed === undefined || births === undefined) return null;
	const place = { file, runId: run.runId, taskId: run.taskId };
	const code = name === "patch.diff" ? "patch_changed" : "receipt_changed";
	if (!births.legal.has(committed)) {
		if (await isRelease(look, run, births.legal)) return null;
		const commit = births.changedBy.get(committed)?.facts.oid;
		const message = `${file} was changed after its birth${commit === undefined ? "" : ` by ${commit.slice(0, 12)}`}.`;
		return finding(code, { ...place, ...(commit === undefined ? {} : { commit }), message, hint: fromHistory(file) });
	}
	const bytes = bytesOf(ledger.workspace.root, file);
	if (bytes === null || isContent(look, bytes, births.legal) || (await isRelease(look, run, births.legal))) return null;
	const message = `${file} is not what was committed.`;
	return finding(code, { ...place, message, hint: `See the difference: git diff -- ${file}` });
}

/** A release that no trailer tells of (squashed, not committed yet): the receipt says so, and was withheld before. */
async function isRelease({ reader }: Look, { receipt }: RunPlace, born: ReadonlySet<string>): Promise<boolean> {
	if (receipt?.secretsAllowed === undefined) return false;
	const former = await Promise.all([...born].map((oid) => reader.read(oid)));
	return former.some((object) => parseReceipt(String(object?.content))?.patch?.withheld === "secret");
}

/** Line ends may be the checkout's own. */
function isContent({ ledger }: Look, bytes: Buffer, oids: ReadonlySet<string>): boolean {
	if (oids.has(objectId(ledger.workspace, "blob", bytes))) return true;
	const text = bytes.toString("latin1").replaceAll("\r\n", "\n");
	return oids.has(objectId(ledger.workspace, "blob", Buffer.from(text, "latin1")));
}

/** Events are local unless they were committed; only then does history promise their content. */
function eventsFinding({ ledger, head }: Look, run: RunPlace, receipt: Receipt): Finding[] {
	const file = `${run.folder}/events.jsonl`;
	const bytes = head.files.has(file) && receipt.events !== null ? bytesOf(ledger.workspace.root, file) : null;
	if (bytes === null || createHash("sha256").update(bytes).digest("hex") === receipt.events?.sha256) return [];
	const message = `${file} are not the events that the receipt describes.`;
	return [finding("events_digest", { file, runId: run.runId, taskId: run.taskId, message, hint: fromHistory(file) })];
}
