// The summary of a run reads on its own in a pull request, and nothing that a runner or a file name says can forge a part
// of it.
import { describe, expect, test } from "vitest";
import type { ChangedFile } from "../../src/git/patch.ts";
import type { Receipt } from "../../src/ledger/receipt.ts";
import { formatSummary } from "../../src/ledger/summary.ts";

const ID = "tsk_0000000001";
const RUN = "run_20260102T030405Z_0badcafe";

function receipt(more: Partial<Receipt> = {}): Receipt {
	return {
		schemaVersion: 1,
		runId: RUN,
		taskId: ID,
		scheduledAt: null,
		status: "ok",
		errorCode: null,
		errorMessage: null,
		details: {},
		startedAt: "2026-01-02T03:04:05.000Z",
		endedAt: "2026-01-02T03:04:07.500Z",
		durationMs: 2500,
		trigger: "manual",
		actor: "Ann",
		mode: "worktree",
		runner: { kind: "shell", model: null, version: null, argv: ["true"] },
		baseCommit: "1".repeat(40),
		baseCodeTree: "2".repeat(40),
		tree: "3".repeat(40),
		codeTree: "4".repeat(40),
		treeAfterChecks: null,
		ref: `refs/msgcode/runs/${RUN}`,
		patch: {
			path: `tasks/runs/${ID}/${RUN}/patch.diff`,
			sha256: "5".repeat(64),
			bytes: 10,
			files: 1,
			insertions: 2,
			deletions: 1,
		},
		noChanges: false,
		checks: [],
		attempts: [],
		usage: { inputTokens: null, outputTokens: null, costUsd: null },
		resources: { peakRssBytes: null, cpuSeconds: null, survivorsKilled: 0 },
		artifacts: [],
		events: null,
		approvalsRequested: [],
		secrets: [],
		warnings: [],
		promptDigest: { sha256: "6".repeat(64), length: 12 },
		session: null,
		...more,
	};
}

const file = (more: Partial<ChangedFile> = {}): ChangedFile =>
	({
		status: "M",
		path: "src/a.ts",
		oldMode: "100644",
		newMode: "100644",
		insertions: 2,
		deletions: 1,
		...more,
	}) as ChangedFile;

const summary = (more: Partial<Receipt> = {}, facts: Partial<Parameters<typeof formatSummary>[1]> = {}) =>
	formatSummary(receipt(more), { title: "Fix it", lastWords: "Done.", files: [file()], ...facts });

/** Headings outside of fences: what a renderer would show as the document's parts. */
function headings(text: string): string[] {
	const found: string[] = [];
	let fence: string | null = null;
	for (const row of text.split("\n")) {
		const mark = /^(`{3,})/.exec(row)?.[1];
		if (mark !== undefined && (fence === null || (mark.length >= fence.length && row.trim() === mark))) {
			fence = fence === null ? mark : null;
		} else if (fence === null && /^#{1,6} /.test(row)) found.push(row);
	}
	return found;
}

describe("a summary", () => {
	test("says what was asked, what came of it and how to go on", () => {
		const text = summary();
		expect(headings(text)).toEqual(["# Fix it", "## What the runner said last", "## Files", "## What next"]);
		for (const part of ["**ok**", ID, RUN, "`src/a.ts` +2 −1", "Done.", "2.5 s", "6".repeat(12)]) {
			expect(text).toContain(part);
		}
		expect(text).toContain(`msgcode task apply ${ID}`);
		expect(text).toContain("git -C ");
		expect(text.endsWith("\n")).toBe(true);
	});

	test("says when nothing changed, and how it failed", () => {
		expect(summary({ noChanges: true }, { files: [] })).toMatch(/It changed nothing\.[\s\S]*No file was changed/);
		const failed = summary({ status: "error", errorCode: "RUNNER_FAILED", errorMessage: "The runner failed." });
		expect(failed).toContain("**error** (`RUNNER_FAILED`: The runner failed.)");
	});

	test("lists renames, binary files, checks, warnings and withheld secrets", () => {
		const text = summary(
			{
				checks: [
					{ command: "npm test", status: "ok", exitCode: 0, durationMs: 900, outputSha256: "", outputBytes: 0 },
					{ command: "lint", status: "failed", exitCode: 3, durationMs: 12_000, outputSha256: "", outputBytes: 0 },
				],
				warnings: [{ code: "x", message: "Something was odd.", paths: ["a", "b"] }],
				secrets: [{ rule: "aws-key", file: ".env", line: 3 }],
				patch: { ...(receipt().patch as NonNullable<Receipt["patch"]>), withheld: "secret" },
			},
			{
				files: [
					file({ status: "R", path: "new", from: "old" } as unknown as Partial<ChangedFile>),
					file({ path: "logo.png", insertions: null, deletions: null } as Partial<ChangedFile>),
				],
			},
		);
		expect(headings(text)).toContain("## Withheld");
		expect(text).toContain("passed: `npm test` (exit 0");
		expect(text).toContain("**failed**: `lint` (exit 3, 12 s)");
		expect(text).toContain("Something was odd: `a`, `b`");
		expect(text).toContain("`new` (from `old`)");
		expect(text).toContain("binary");
		expect(text).toContain(`run allow-secret ${RUN}`);
		expect(text).not.toContain("patch.diff`");
	});

	test("keeps a long list of files readable", () => {
		const files = Array.from({ length: 450 }, (_, position) => file({ path: `f${position}` }));
		const text = summary({}, { files });
		expect(text).toContain("and 250 more");
		expect(text.split("\n").length).toBeLessThan(260);
	});

	test("of a run in place promises no patch", () => {
		const text = summary({ mode: "in-place", patch: null }, { files: [] });
		expect(text).not.toContain("task apply");
		expect(text).toContain("uncommitted");
	});

	test.each([
		["a heading and a fence in the last words", { lastWords: "```\n# Forged\n````\n## Files\nnone" }],
		["a heading in the title", { title: "x\n# Forged\n## Files" }],
		["markup in the title", { title: "[click](http://x) <img src=x> `code`" }],
		["backticks and newlines in a file's name", { files: [file({ path: "a`b``\n# Forged" })] }],
	])("takes %s as text", (_, facts) => {
		const text = summary({}, facts);
		expect(headings(text)).toHaveLength(4);
		expect(headings(text).filter((heading) => heading === "## Files")).toHaveLength(1);
		expect(text).not.toMatch(/(?<!\\)(\]\(http|<img)/);
	});

	test("names no absolute path", () => {
		expect(summary()).not.toMatch(/(^|[\s"'(`])\/(home|tmp|Users|work)\//);
	});
});
