// docs/ledger-format.md names every key that the code writes, and none that it does not.
import { expect, test } from "vitest";
import { EVENT_TYPES } from "../../src/core/event.ts";
import { type Receipt, runLineOf } from "../../src/ledger/runs/receipt.ts";
import { taskRecordSchema } from "../../src/ledger/task/task.ts";
import { parseTaskFile } from "../../src/ledger/task/task-file.ts";
import { NO_RUNS, taskView } from "../../src/ledger/task/task-view.ts";
import { readDocument } from "./documents.ts";

const PATH = "docs/ledger-format.md";

/** The names in the first column of the table behind a marker; a cell may hold several. */
function keysIn(marker: string, column = 1): readonly string[] {
	const [, rest = ""] = readDocument(PATH).split(`<!-- keys: ${marker} -->\n`);
	const rows = rest.split("\n\n")[0]?.split("\n").slice(2) ?? [];
	return rows.flatMap((row) => [...(row.split("|")[column] ?? "").matchAll(/`(\w+)`/g)].map(([, key = ""]) => key));
}

test("its key → file table has exactly the keys of the whole object, in order", () => {
	const { definition } = parseTaskFile("---\ntitle: T\n---\n", "tasks/tsk_0000000001.md");
	const view = taskView({
		id: "tsk_0000000001",
		definition,
		record: null,
		createdAtMs: 0,
		workspace: { uid: "", path: "." },
		runs: NO_RUNS,
		mtimes: { definitionMs: null, recordMs: null },
		liveRunId: null,
		held: false,
		diagnostics: [],
	});
	expect(keysIn("task-view")).toEqual(Object.keys(view));
	expect(keysIn("task-view").slice(0, 11)).toEqual(
		"id title status createdAtMs updatedAtMs workspace route runner inputs outputs notes".split(" "),
	);
});

test("its table of runs.jsonl has exactly the keys of a line, in order", () => {
	const receipt = { attempts: [], patch: null } as unknown as Receipt;
	expect(keysIn("run-line")).toEqual(Object.keys(runLineOf(receipt, { sha256: "", length: 0 })));
});

test("it names every key of a record and every type of event", () => {
	const text = readDocument(PATH);
	for (const key of Object.keys(taskRecordSchema().shape)) expect(text).toContain(`| \`${key}\` |`);
	for (const type of EVENT_TYPES) expect(text).toContain(`\`${type}\``);
});

test("its table of the receipt has every key that a run writes", () => {
	const known: Record<keyof Receipt, true> = RECEIPT_KEYS;
	expect([...keysIn("receipt")].sort()).toEqual(Object.keys(known).sort());
});

test("its tables of landings and rejections are complete", () => {
	expect(keysIn("landing", 2)).toEqual(["runId", "parent", "patchSha256", "atMs", "runId", "reason", "atMs"]);
});

/** tsc sees to it that none is missing and none is too many. */
const RECEIPT_KEYS: Record<keyof Receipt, true> = {
	schemaVersion: true,
	runId: true,
	taskId: true,
	scheduledAt: true,
	status: true,
	errorCode: true,
	errorMessage: true,
	details: true,
	startedAt: true,
	endedAt: true,
	durationMs: true,
	trigger: true,
	idempotencyKey: true,
	actor: true,
	mode: true,
	runner: true,
	baseCommit: true,
	baseCodeTree: true,
	tree: true,
	codeTree: true,
	treeAfterChecks: true,
	ref: true,
	patch: true,
	noChanges: true,
	checks: true,
	attempts: true,
	usage: true,
	resources: true,
	artifacts: true,
	evidence: true,
	events: true,
	approvalsRequested: true,
	secrets: true,
	secretsAllowed: true,
	warnings: true,
	promptDigest: true,
	promptSent: true,
	session: true,
};
