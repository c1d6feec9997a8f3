// Every kind of fix by the same four steps: the ledger is broken, a dry run changes nothing, the fix makes it healthy, and
// looking again finds nothing more; then what was committed is taken back and the bytes are as before.
import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { identityOf } from "../../../src/core/process-identity.ts";
import { temporaryName } from "../../../src/core/temporary-files.ts";
import { fixKinds } from "../../../src/ledger/fixes/registry.ts";
import {
	commitTasks,
	dryRun,
	everything,
	type Fixed,
	fix,
	ledgerIn,
	type Place,
	rows,
	writeRows,
} from "../../support/mendable.ts";
import { succeed } from "../../support/two-clones.ts";

/** A pid that belongs to no process. */
function deadPid(): number {
	let pid = 4_000_000;
	while (identityOf(pid) !== null) pid -= 1;
	return pid;
}

/** Moves a task with its runs into the archive; the year. */
async function archived(place: Place, id: string): Promise<string> {
	await succeed(place, "task", "close", id, "--reason", "done");
	const year = String(new Date().getUTCFullYear());
	const home = join(place.path, `${place.root}tasks/archive/${year}`);
	mkdirSync(join(home, "runs"), { recursive: true });
	for (const half of ["md", "json"]) {
		renameSync(join(place.path, `${place.root}tasks/${id}.${half}`), join(home, `${id}.${half}`));
	}
	renameSync(join(place.path, `${place.root}tasks/runs/${id}`), join(home, "runs", id));
	return year;
}

interface Case {
	readonly name: string;
	readonly code: string;
	break(place: Place): Promise<void> | void;
	/** How it must be afterwards, beside being healthy. */
	check(place: Place, made: readonly Fixed[]): Promise<void> | void;
	readonly local?: boolean;
}

const cases: readonly Case[] = [
	{
		name: "lines of .gitattributes and .gitignore that are gone; the user's own stay",
		code: "git_lines",
		break(place) {
			place.write(`${place.root}tasks/.gitattributes`, "*.png binary\n");
			place.write(`${place.root}tasks/.gitignore`, "scratch/");
			commitTasks(place, "mine");
		},
		check(place) {
			expect(place.read(`${place.root}tasks/.gitattributes`)).toMatch(/^\*\.png binary\nruns\.jsonl merge=union\n/);
			expect(place.read(`${place.root}tasks/.gitignore`)).toMatch(/^scratch\/\n\/index\.json\n/);
		},
	},
	{
		name: "lines of .git/info/exclude that are gone",
		code: "local_lines",
		local: true,
		break: (place) => place.write(".git/info/exclude", "mine\n"),
		check: (place) => {
			expect(place.read(".git/info/exclude")).toMatch(new RegExp(`^mine\n/${place.root}worktrees/tsk_`));
		},
	},
	{
		name: "a clone that does not know the merge driver",
		code: "merge_driver",
		local: true,
		break: (place) => void place.git("config", "--remove-section", "merge.msgcode"),
		check: (place) => expect(place.git("config", "--get", "merge.msgcode.driver")).toContain("msgcode merge-driver"),
	},
	{
		name: "an archived task that is open",
		code: "archived_open",
		async break(place) {
			const year = await archived(place, place.ran);
			const path = `${place.root}tasks/archive/${year}/${place.ran}.json`;
			const closed = /"status": "done",\n\n {2}"closed": \{[^}]*\}/;
			place.write(path, place.read(path).replace(closed, '"status": "open",\n\n  "closed": null'));
			commitTasks(place, "reopened there");
		},
		async check(place) {
			expect(place.exists(`${place.root}tasks/${place.ran}.md`)).toBe(true);
			expect(place.git("ls-files", `${place.root}tasks/archive`)).toBe("");
			expect((await succeed(place, "task", "show", place.ran)).data).toMatchObject({ status: "open", runs: 2 });
		},
	},
	{
		name: "a task in tasks/ and in the archive, with a run that only the archive has",
		code: "two_homes",
		async break(place) {
			const live = ["md", "json"].map((half) => `${place.root}tasks/${place.ran}.${half}`);
			const year = await archived(place, place.ran);
			for (const path of live) place.write(path, place.read(path.replace("tasks/", `tasks/archive/${year}/`)));
			commitTasks(place, "merged");
		},
		async check(place) {
			expect(place.git("ls-files", `${place.root}tasks/archive`)).toBe("");
			expect((await succeed(place, "task", "show", place.ran)).data).toMatchObject({ status: "done", runs: 2 });
		},
	},
	{
		name: "a Markdown file that no commit has any more",
		code: "file_missing",
		break(place) {
			rmSync(join(place.path, `${place.root}tasks/${place.first}.md`));
			commitTasks(place, "clean up");
		},
		check: (place) => {
			expect(place.read(`${place.root}tasks/${place.first}.md`)).toContain("Do the first thing.");
		},
	},
	{
		name: "a record that no commit has any more: the task would be open again",
		code: "file_missing",
		break(place) {
			rmSync(join(place.path, `${place.root}tasks/${place.second}.json`));
			commitTasks(place, "clean up");
		},
		async check(place) {
			expect((await succeed(place, "task", "show", place.second)).data.status).toBe("done");
		},
	},
	{
		name: "a file that is gone from the folder and that git has",
		code: "file_deleted",
		local: true,
		break(place) {
			rmSync(join(place.path, `${place.root}tasks/${place.first}.md`));
			rmSync(join(place.path, `${place.root}tasks/runs.jsonl`));
			rmSync(join(place.path, `${place.root}tasks/runs/${place.ran}`), { recursive: true });
		},
		check: (place) => {
			expect(place.git("status", "--porcelain", "--", `${place.root}tasks`)).toBe("");
		},
	},
	{
		name: "a missing final newline of runs.jsonl",
		code: "torn_line",
		break(place) {
			writeRows(place, rows(place).join("\n"));
			commitTasks(place, "by an editor");
		},
		check: (place) => expect(place.read(`${place.root}tasks/runs.jsonl`)).toMatch(/\}\n$/),
	},
	{
		name: "a torn last line: it comes back as the run's commit had it",
		code: "torn_line",
		break(place) {
			const [first = "", second = ""] = rows(place);
			writeRows(place, `${first}\n${second.slice(0, 90)}`);
		},
		check: (place) => {
			expect(place.git("diff", "HEAD~2", "--", `${place.root}tasks/runs.jsonl`)).toBe("");
		},
	},
	{
		name: "a line that is gone: it comes back as the run's commit had it",
		code: "run_line_missing",
		break(place) {
			const [first = ""] = rows(place);
			writeRows(place, `${first}\n`);
			commitTasks(place, "lost");
		},
		check(place) {
			expect(rows(place).map((row) => JSON.parse(row).textDigest)).toEqual([
				expect.stringMatching(/^sha256:/),
				expect.stringMatching(/^sha256:/),
			]);
		},
	},
	{
		name: "a run in different words: the receipt decides",
		code: "run_line_contradicts",
		break(place) {
			const [first = "", second = ""] = rows(place);
			writeRows(place, `${first}\n${second}\n${first.replace('"status":"ok"', '"status":"error"')}\n`);
			commitTasks(place, "two words");
		},
		check: (place) => expect(rows(place).map((row) => JSON.parse(row).status)).toEqual(["ok", "ok"]),
	},
	{
		name: "conflict markers in runs.jsonl: both sides' lines, once each",
		code: "run_log_markers",
		break(place) {
			const [first = "", second = ""] = rows(place);
			writeRows(place, `<<<<<<< HEAD\n${first}\n${second}\n=======\n${second}\n>>>>>>> side\n`);
			commitTasks(place, "merge");
		},
		check: (place) => {
			expect(rows(place)).toHaveLength(2);
			expect(new Set(rows(place).map((row) => JSON.parse(row).runId)).size).toBe(2);
		},
	},
	{
		name: "an id line that contradicts the file's name",
		code: "id_line",
		break(place) {
			const path = `${place.root}tasks/${place.first}.md`;
			place.write(path, place.read(path).replace("---\n", "---\nid: tsk_0000000001 # copied\n\n"));
		},
		check: (place) => {
			const text = place.read(`${place.root}tasks/${place.first}.md`);
			expect(text).not.toContain("tsk_0000000001");
			expect(text).toContain("title: First\n");
		},
	},
	{
		name: "a task's file in another case",
		code: "letter_case",
		break(place) {
			for (const half of ["md", "json"]) {
				const path = join(place.path, `${place.root}tasks`);
				renameSync(
					join(path, `${place.first}.${half}`),
					join(path, `${place.first.toUpperCase().replace("TSK", "tsk")}.${half}`),
				);
			}
			commitTasks(place, "from a file system without case");
		},
		async check(place) {
			expect((await succeed(place, "task", "show", place.first)).data.title).toBe("First");
			expect(place.git("ls-files", `${place.root}tasks`)).not.toMatch(/tsk_\w*[A-Z]/);
		},
	},
	{
		name: "temporary files of dead processes",
		code: "leftovers",
		local: true,
		break(place) {
			const name = temporaryName().replace(`-${process.pid}-`, `-${deadPid()}-`);
			const path = join(place.path, ".git/msgcode/approvals", name);
			mkdirSync(dirname(path), { recursive: true });
			writeFileSync(path, "half");
			utimesSync(path, 1, 1);
		},
		check: (place) => expect(place.git("status", "--porcelain", "--", `${place.root}tasks`)).toBe(""),
	},
];

describe("each kind of fix", () => {
	test.each(cases.map((one) => [one.code, one.name, one] as const))("%s: %s", async (code, _, one) => {
		for (const workspace of [".", "packages/api"] as const) {
			const place = await ledgerIn(workspace);
			await one.break(place);
			const mine = place.git("status", "--porcelain", "--", "app.txt", "staged.txt");
			if (workspace === ".") {
				const dry = await dryRun(place);
				const before = everything(place);
				expect(dry.dryRun).toBe(true);
				expect(dry.fixes.map((found) => found.code)).toContain(code);
				for (const found of dry.fixes) {
					expect(found).toMatchObject({ made: false, commit: null, undo: null, error: null });
					expect([found.message, found.why, found.diff]).not.toContain("");
				}
				expect(await fix(place, "--yes", "--dry-run")).toMatchObject({ dryRun: true, fixes: dry.fixes });
				expect(everything(place)).toEqual(before);
			}

			const made = await fix(place, "--yes");
			expect(made.fixes.filter(({ error }) => error !== null)).toEqual([]);
			const own = made.fixes.filter((found) => found.code === code);
			expect(own.length).toBeGreaterThan(0);
			for (const found of own) {
				expect(found.local).toBe(one.local === true);
				if (one.local !== true) expect(found.undo).toBe(`msgcode undo --op ${found.commit?.slice(0, 12)}`);
			}
			expect(made.undecided).toEqual([]);
			expect(made.exitCode).toBe(0);
			expect(made.checks.filter(({ status }) => status === "error")).toEqual([]);
			expect(made.checks.find(({ name }) => name === "ledger")).toMatchObject({ status: "ok" });
			await one.check(place, own);
			const checked = await place.msgcode("--json", "fsck");
			expect(checked.exitCode, checked.stdout).toBe(0);
			if (workspace !== ".") continue;
			expect(place.git("status", "--porcelain", "--", "app.txt", "staged.txt")).toBe(mine);

			const head = place.git("rev-parse", "HEAD");
			expect(await fix(place, "--yes")).toMatchObject({ fixes: [], undecided: [] });
			expect(place.git("rev-parse", "HEAD")).toBe(head);
			await revertible(place, made.fixes);
		}
	});

	test("every kind of fix is in the table above or in a test of its own", () => {
		const elsewhere = ["stale_index", "conflict_markers", "unmerged"];
		const tested = new Set([...cases.map(({ code }) => code), ...elsewhere]);
		expect(fixKinds.map(({ code }) => code).filter((code) => !tested.has(code))).toEqual([]);
	});
});

/** Each commit says that it is a fix, touches the ledger alone, and its revert brings the bytes before it back. */
async function revertible(place: Place, fixes: readonly Fixed[]): Promise<void> {
	const commits = fixes.flatMap(({ commit }) => commit ?? []);
	for (const commit of commits) {
		expect(place.git("log", "-1", "--format=%(trailers:key=Msgcode-Op,valueonly)", commit).trim()).toBe("fix");
		for (const path of place.git("diff-tree", "-r", "--name-only", "--no-commit-id", commit).split("\n")) {
			expect(path).toMatch(new RegExp(`^${place.root}tasks/`));
		}
	}
	const [oldest] = commits;
	if (oldest === undefined) return;
	const before = (at: string) => place.git("ls-tree", "-r", at, "--", `${place.root}tasks`);
	// By git alone, and by msgcode, the newest first.
	for (const commit of [...commits].reverse()) place.git("revert", "--no-edit", "--no-commit", commit);
	expect(place.git("ls-files", "--stage", "--", `${place.root}tasks`)).toBe(staged(before(`${oldest}~1`)));
	place.git("reset", "--quiet", "HEAD", "--", `${place.root}tasks`);
	place.git("checkout", "--quiet", "HEAD", "--", `${place.root}tasks`);
	place.git("clean", "--quiet", "-d", "--force", "--", `${place.root}tasks`);
	rmSync(join(place.path, ".git/REVERT_HEAD"), { force: true });
	for (const { undo } of [...fixes].reverse()) {
		if (undo !== null) await succeed(place, ...undo.replace("msgcode ", "").split(" "));
	}
	expect(before("HEAD")).toBe(before(`${oldest}~1`));
}

/** The lines of `ls-tree` as `ls-files --stage` prints them. */
function staged(tree: string): string {
	return tree.replace(/^(\d+) blob ([0-9a-f]+)\t/gm, "$1 $2 0\t");
}
