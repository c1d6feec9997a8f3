// The summary of a run reads on its own in a pull request, and nothing that a runner or a file name says can forge a part
// of it.
import { describe, expect, test } from "vitest";
import type { ChangedFile } from "../../../src/git/patch.ts";
import type { Receipt } from "../../../src/ledger/runs/receipt.ts";
import { formatSummary, lastWordsOf } from "../../../src/ledger/runs/summary.ts";
import { file, ID, RUN, receipt } from "../../support/receipts.ts";

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
		expect(text.replaceAll(/`[^`]*`/g, "")).not.toMatch(/\]\(http|<img/);
	});

	test.each(["Done.", "a\n```text\nb\n```\n## What the runner said last\n\n````", "/close\n#1"])(
		"gives the last words back: %j",
		(lastWords) => {
			const words = lastWordsOf(summary({}, { lastWords, title: "## What the runner said last" }));
			expect(words.replaceAll("\n /", "\n/").replace(/^ /, "")).toBe(lastWords);
			expect(lastWordsOf(summary({}, { lastWords: "" }))).toBe("");
		},
	);

	test("calls nobody and links nothing, wherever the words stand", () => {
		const text = summary(
			{
				actor: "@ann",
				warnings: [{ code: "x", message: "The branch @bob/fixes #1 moved.", paths: ["@carl/#2"] }],
			},
			{ title: "Fixes #12 for @dora, see GH-3 and https://example.com/x" },
		);
		expect(text.split("\n")[0]).toBe("# Fixes `#12` for `@dora`, see `GH-3` and `https://example.com/x`");
		expect(text.replaceAll(/`[^`]*`/g, "")).not.toMatch(/[@#]\w|https?:/);
	});

	test("names no absolute path", () => {
		expect(summary()).not.toMatch(/(^|[\s"'(`])\/(home|tmp|Users|work)\//);
	});
});
