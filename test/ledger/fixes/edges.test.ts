// What mending must not do: guess, undo what was meant, overwrite what changed since, or let one failure stop the rest.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findFixes, makeFixes } from "../../../src/ledger/fixes/mend.ts";
import { ledgerOf } from "../../support/ledger.ts";
import { commitTasks, dryRun, everything, fix, ledgerIn, rows, writeRows } from "../../support/mendable.ts";
import { repo } from "../../support/repo.ts";
import { succeed } from "../../support/two-clones.ts";

const nobody = () => false;

describe("nothing is guessed", () => {
	test("a sound ledger has nothing to fix, and nothing is written", async () => {
		const place = await ledgerIn(".");
		const before = place.git("rev-parse", "HEAD");
		expect(await fix(place, "--yes")).toMatchObject({ exitCode: 0, fixes: [], undecided: [] });
		expect(place.git("rev-parse", "HEAD")).toBe(before);
		expect((await place.msgcode("doctor", "--fix")).stdout).toMatch(/^Nothing to fix\.$/m);
	});

	test("every bad file of the fixtures: what is fixed is right, all others keep every byte", async () => {
		const fixtures = new URL("../../../fixtures/ledgers/bad/", import.meta.url).pathname;
		const names = readdirSync(fixtures).filter((name) => name.startsWith("tsk_"));
		const place = await repo({ ledger: true });
		const bytes = new Map(names.map((name) => [name, readFileSync(join(fixtures, name))]));
		for (const [name, content] of bytes) writeFileSync(join(place.path, "tasks", name), content);
		place.git("-c", "core.autocrlf=false", "add", "--all");
		place.git("commit", "--quiet", "-m", "all of them");
		const dry = await dryRun(place);
		const made = await fix(place, "--yes");
		expect(made.fixes.map((found) => [found.code, found.file, found.error])).toEqual(
			dry.fixes.map((found) => [found.code, found.file, null]),
		);
		const fixed = new Set(made.fixes.map(({ file }) => file.replace("tasks/", "")));
		expect([...fixed].sort()).toEqual(FIXED_OF_FIXTURES);
		for (const [name, content] of bytes) {
			if (fixed.has(name)) continue;
			expect(readFileSync(join(place.path, "tasks", name)).equals(content), name).toBe(true);
		}
		const wrong = place.read("tasks/tsk_ymwrng0001.md");
		expect(wrong).toBe((bytes.get("tsk_ymwrng0001.md") as Buffer).toString("utf8").replace(/^id: .*\n/m, ""));
		expect(made.undecided.map(({ code, file }) => [code, file])).toEqual(UNDECIDED_OF_FIXTURES);
		expect(await fix(place, "--yes")).toMatchObject({ fixes: [], undecided: made.undecided });
	});

	test("a file that an undo, a revert or an archive took out is not brought back", async () => {
		for (const message of [
			"task(x): undone\n\nMsgcode-Op: undo\n",
			'Revert "task(x): done"\n\nThis reverts commit 1234567890.\n',
		]) {
			const place = await ledgerIn(".");
			rmSync(join(place.path, `tasks/${place.second}.json`));
			commitTasks(place, message);
			expect((await fix(place, "--yes")).fixes).toEqual([]);
		}
	});

	test("a task of which nothing is left is no half of one", async () => {
		const place = await ledgerIn(".");
		rmSync(join(place.path, `tasks/${place.first}.json`));
		rmSync(join(place.path, `tasks/${place.first}.md`));
		commitTasks(place, "clean up");
		expect((await fix(place, "--yes")).fixes).toEqual([]);
	});

	test("a file staged for removal is the person's choice", async () => {
		const place = await ledgerIn(".");
		place.git("rm", "--quiet", `tasks/${place.first}.md`);
		expect((await fix(place, "--yes")).fixes).toEqual([]);
		expect(place.exists(`tasks/${place.first}.md`)).toBe(false);
	});

	test("two files that differ in case alone, and two upper-case spellings, are told", async () => {
		const place = await ledgerIn(".");
		place.write(`tasks/${place.first.toUpperCase().replace("TSK", "tsk")}.md`, "# Another\n");
		place.write("tasks/tsk_ABCDEFGH12.md", "# One\n");
		place.write("tasks/tsk_ABCDEFGh12.md", "# Two\n");
		const made = await fix(place, "--yes");
		expect(made.fixes).toEqual([]);
		expect(made.undecided.map(({ code }) => code)).toEqual(["letter_case", "letter_case", "letter_case"]);
	});

	test("a torn line that no receipt explains, and a run whose receipts do not decide, are left", async () => {
		const place = await ledgerIn(".");
		const [first = "", second = ""] = rows(place);
		const other = (row: string, status: string) => row.replace('"status":"ok"', `"status":"${status}"`);
		writeRows(place, `${second}\n${other(first, "error")}\n${other(first, "timeout")}\n{"ts":"2026-01-01T00:`);
		const before = place.read("tasks/runs.jsonl");
		const made = await fix(place, "--yes");
		expect(made.fixes).toEqual([]);
		expect(made.undecided).toMatchObject([{ code: "run_line_contradicts", fields: ["status"] }]);
		expect(place.read("tasks/runs.jsonl")).toBe(before);
	});

	test("a row that could be the beginning of any line is not taken for the one that is missing", async () => {
		const place = await ledgerIn(".");
		const [first = "", second = ""] = rows(place);
		writeRows(place, `${first}\n{`);
		const made = await fix(place, "--yes");
		expect(made.fixes).toMatchObject([{ code: "run_line_missing", error: null }]);
		expect(place.read("tasks/runs.jsonl")).toBe(`${first}\n{\n${second}\n`);
	});

	test("a .gitattributes that is merely gone comes back with the person's own lines", async () => {
		const place = await ledgerIn(".");
		const own = `*.png binary\n${place.read("tasks/.gitattributes")}`;
		place.write("tasks/.gitattributes", own);
		commitTasks(place, "mine");
		rmSync(join(place.path, "tasks/.gitattributes"));
		expect((await fix(place)).fixes).toMatchObject([{ code: "file_deleted", made: false }]);
		expect((await fix(place, "--yes")).fixes).toMatchObject([{ code: "file_deleted", made: true }]);
		expect(place.read("tasks/.gitattributes")).toBe(own);
	});

	test("without the run's commit a line is made from its receipt, with what that holds and nothing else", async () => {
		const place = await ledgerIn(".");
		const [first = "", second = ""] = rows(place);
		// As after a squash: one commit has the receipts, and none ever had the lines.
		const tree = place.git("rev-parse", "HEAD^{tree}");
		writeRows(place, `${first.slice(0, first.indexOf('"attempts"'))}\n`);
		place.git("add", "tasks/runs.jsonl");
		const without = place.git("write-tree");
		expect(without).not.toBe(tree);
		place.git("reset", "--quiet", "--soft", place.git("commit-tree", without, "-m", "squashed"));
		const made = await fix(place, "--yes");
		expect(made.fixes.map(({ code }) => code)).toEqual(["torn_line", "run_line_missing"]);
		const without_ = (row: string) => ({ ...JSON.parse(row), textDigest: null, textLength: null });
		expect(rows(place).map((row) => JSON.parse(row))).toEqual([without_(first), without_(second)]);
		expect(made.checks.find(({ name }) => name === "ledger")).toMatchObject({ status: "ok" });
	});
});

describe("a fix and what happens around it", () => {
	test("a file that is edited between the look and the fix is refused, and its edit stays; the others are made", async () => {
		const place = await ledgerIn(".");
		const path = `tasks/${place.first}.md`;
		place.write(path, place.read(path).replace("---\n", "---\nid: tsk_0000000001\n\n"));
		place.write("tasks/.gitignore", "scratch/\n");
		const ledger = ledgerOf(place);
		const edited = place.read(path).replace("First", "Edited meanwhile");
		// The editor saves just when the lock is taken, after everything was looked at.
		const git: typeof ledger.git = async (args, options) => {
			if (args[0] === "var") place.write(path, edited);
			return ledger.git(args, options);
		};
		const meddled = { ...ledger, git, identity: () => git(["var", "-l"]).then(() => ledger.identity()) };
		const made = await makeFixes(meddled, nobody);
		expect(made.map(({ fix: { code }, failure }) => [code, failure?.code ?? null])).toEqual([
			["id_line", "fix_outdated"],
			["git_lines", null],
		]);
		expect(place.read(path)).toBe(edited);
		// Looked at again, it is mended on top of the edit.
		expect((await makeFixes(ledger, nobody)).map(({ failure }) => failure)).toEqual([null]);
		expect(place.read(path)).toContain("Edited meanwhile");
	});

	test("one that fails stops no other, and the exit code says so", async () => {
		const place = await ledgerIn(".");
		place.write("tasks/.gitattributes", "");
		place.git("add", "tasks/.gitattributes");
		place.write("tasks/.gitattributes", "*.png binary\n");
		place.write("tasks/.gitignore", "");
		const made = await fix(place, "--yes");
		expect(made.fixes.map(({ file, error }) => [file, error?.code ?? null])).toEqual([
			["tasks/.gitattributes", "staged_differently"],
			["tasks/.gitignore", null],
		]);
		expect(made.exitCode).toBe(1);
		const text = (await place.msgcode("doctor", "--fix", "--yes")).stdout;
		expect(text).toMatch(/^not fixed {2}git_lines {2}tasks\/\.gitattributes lacks/m);
		expect(text).toContain("Unstage it");
	});

	test.each(["ledger.done", "ledger.ref-moved", "ledger.files-written"])(
		"killed at %s between two fixes: the next doctor --fix --yes finds a sound ledger and does the rest",
		async (point) => {
			const place = await ledgerIn(".");
			place.write("tasks/.gitattributes", "");
			place.write("tasks/.gitignore", "");
			commitTasks(place, "gone");
			const env = { MSGCODE_FAILPOINT: point };
			const killed = await place.msgcodeProcessWith({ env }, "doctor", "--fix", "--yes");
			expect(killed.exitCode).toBe(137);
			const made = await fix(place, "--yes");
			expect(made.exitCode).toBe(0);
			expect(made.fixes.length).toBeLessThanOrEqual(2);
			expect(place.git("log", "--format=%s", "-2")).toBe(
				[
					"tasks: add the missing lines of tasks/.gitignore",
					"tasks: add the missing lines of tasks/.gitattributes",
				].join("\n"),
			);
			expect(place.git("status", "--porcelain", "--", "tasks")).toBe("");
			expect(await fix(place, "--yes")).toMatchObject({ fixes: [] });
		},
	);

	test("killed between the writing and the staging of a merge's file: done at the next look", async () => {
		const place = await ledgerIn(".");
		place.git("switch", "--quiet", "-c", "side");
		await succeed(place, "task", "edit", place.first, "--label", "a", "--label", "b");
		place.git("switch", "--quiet", "main");
		await succeed(place, "task", "edit", place.first, "--label", "a", "--label", "c");
		place.git("stash", "--quiet");
		place.git("config", "merge.msgcode.driver", "git merge-file %A %O %B");
		expect(() => place.git("merge", "side")).toThrow();
		const killed = await place.msgcodeProcessWith(
			{ env: { MSGCODE_FAILPOINT: "files.renamed" } },
			"doctor",
			"--fix",
			"--yes",
		);
		expect(killed.exitCode).toBe(137);
		const made = await fix(place, "--yes");
		expect(made.fixes.filter(({ code }) => code === "unmerged")).toMatchObject([{ made: true }]);
		expect(place.git("diff", "--name-only", "--diff-filter=U")).toBe("");
		place.git("commit", "--quiet", "--no-edit");
		expect((await succeed(place, "task", "show", place.first)).data.labels).toEqual(["a", "b", "c"]);
	});

	test("an index.json that lies is made anew", async () => {
		const place = await ledgerIn(".");
		await expect
			.poll(async () => {
				await place.msgcode("task", "list");
				const { freshness } = JSON.parse(place.read("tasks/index.json"));
				return Buffer.from(freshness, "base64").readDoubleLE(0);
			})
			.not.toBeNaN();
		place.write("tasks/index.json", place.read("tasks/index.json").replaceAll('"Second"', '"Lying!"'));
		expect((await fix(place)).fixes).toMatchObject([{ code: "stale_index", local: true }]);
		expect((await fix(place, "--yes")).fixes).toMatchObject([{ code: "stale_index", made: true, commit: null }]);
		expect(place.read("tasks/index.json")).not.toContain("Lying!");
		expect((await fix(place, "--yes")).fixes).toEqual([]);
	});

	test("two at once: each fix is made once, and the other one says why not", async () => {
		const place = await ledgerIn(".");
		place.write("tasks/.gitattributes", "");
		place.write("tasks/.gitignore", "");
		commitTasks(place, "gone");
		const head = place.git("rev-parse", "HEAD");
		const both = await Promise.all([1, 2].map(() => place.msgcodeProcess("--json", "doctor", "--fix", "--yes")));
		for (const one of both) {
			for (const { error } of one.json().data.fixes) expect([null, "fix_outdated"]).toContain(error?.code ?? null);
		}
		expect(place.git("rev-list", "--count", `${head}..HEAD`)).toBe("2");
		expect(await fix(place, "--yes")).toMatchObject({ exitCode: 0, fixes: [], undecided: [] });
	});

	test("a full disk: nothing is half mended, and the next time all of it is", async () => {
		const place = await ledgerIn(".");
		place.write("tasks/.gitattributes", "");
		place.write("tasks/.gitignore", "");
		commitTasks(place, "gone");
		const env = { MSGCODE_FAILPOINT: "ledger.file-written:enospc" };
		const full = await place.msgcodeProcessWith({ env }, "--json", "doctor", "--fix", "--yes");
		expect(full.json().data.fixes.map(({ error }: { error: unknown }) => error)).toContainEqual(
			expect.objectContaining({ code: "disk_full" }),
		);
		expect(place.git("status", "--porcelain", "--", "tasks")).toBe("");
		expect((await fix(place, "--yes")).exitCode).toBe(0);
		expect(await fix(place)).toMatchObject({ fixes: [], undecided: [] });
	});

	test("in the middle of a merge what needs a commit is refused, and nothing is written", async () => {
		const place = await ledgerIn(".");
		place.write("tasks/.gitignore", "");
		place.write(".git/MERGE_HEAD", `${place.git("rev-parse", "HEAD")}\n`);
		const before = everything(place);
		const made = await fix(place, "--yes");
		expect(made.fixes).toMatchObject([{ code: "git_lines", made: false, error: { code: "git_busy" } }]);
		expect(everything(place)).toEqual(before);
	});

	test("a place that cannot be looked at hides no other fix", async () => {
		const place = await ledgerIn(".");
		rmSync(join(place.path, "tasks/.gitignore"));
		mkdirSync(join(place.path, "tasks/.gitignore"));
		place.write("tasks/.gitattributes", "");
		place.write(".git/info/exclude", "");
		const { fixes, undecided } = await findFixes(ledgerOf(place), nobody);
		expect(fixes.map(({ code }) => code)).toContain("local_lines");
		expect(undecided).toMatchObject([{ code: "git_lines", message: expect.stringContaining("not a plain file") }]);
	});

	test("outside a workspace there is nothing to fix: doctor's own exit code", async () => {
		const place = await repo({ files: { "a.txt": "a\n" } });
		const result = await place.msgcode("--json", "doctor", "--fix", "--yes");
		expect([result.exitCode, result.json().data.fixes]).toEqual([3, []]);
	});

	test("for people: a coloured diff on a terminal, the reason, and the way back", async () => {
		const place = await ledgerIn(".");
		place.write("tasks/.gitignore", "");
		const shown = await place.msgcodeWith({ terminal: 100 }, "doctor", "--fix");
		expect(shown.stdout).toContain("\u001b[32m+/index.json\u001b[39m");
		expect(shown.stdout).toMatch(/why:.* Lines are only added/);
		expect(shown.stderr).toContain("msgcode doctor --fix --yes");
		const plain = await place.msgcode("--plain", "doctor", "--fix");
		expect(plain.stdout).toMatch(/^would fix\tgit_lines\ttasks\/\.gitignore\t/);
		const made = await place.msgcode("doctor", "--fix", "--yes");
		expect(made.stdout).toMatch(new RegExp(`undo: msgcode undo --op ${place.git("rev-parse", "HEAD").slice(0, 12)}`));
	});
});

const FIXED_OF_FIXTURES: readonly string[] = ["tsk_ymwrng0001.md"];
const UNDECIDED_OF_FIXTURES: readonly (readonly [string, string])[] = [
	["conflict_markers", "tasks/tsk_jsnmarks01.json"],
	["conflict_markers", "tasks/tsk_ymmarkb001.md"],
	["conflict_markers", "tasks/tsk_ymmarks001.md"],
];
