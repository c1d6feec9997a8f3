// Conflicts that git left in task files, in a clone without the merge driver: resolved exactly where the driver would have
// done so, told where a person must decide, and never at the cost of what somebody has typed since.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { mergeLedgerFile } from "../../../src/ledger/merge/merge-task.ts";
import { gitMergeText } from "../../../src/ledger/merge/merge-text.ts";
import { ledgerOf } from "../../support/ledger.ts";
import { type Answer, dryRun, fix as fixAll } from "../../support/mendable.ts";
import { type Repo, repo } from "../../support/repo.ts";
import { addTask, succeed } from "../../support/two-clones.ts";

interface Sided extends Repo {
	readonly id: string;
	readonly md: string;
	readonly json: string;
}

type Step = (place: Sided) => Promise<unknown> | unknown;

const edit =
	(...flags: string[]): Step =>
	(place) =>
		succeed(place, "task", "edit", place.id, ...flags);
const labels = (...names: string[]) => edit(...names.flatMap((name) => ["--label", name]));
const close: Step = (place) => succeed(place, "task", "close", place.id, "--reason", "finished");
const block: Step = (place) => succeed(place, "task", "block", place.id, "--reason", "waits");
const code =
	(text: string): Step =>
	(place) => {
		place.write("app.txt", text);
		place.git("commit", "--quiet", "-am", text.trim());
	};

/** `ours` happens on main, `theirs` on the branch side; main is checked out. No merge driver is registered. */
async function diverged(ours: readonly Step[], theirs: readonly Step[]): Promise<Sided> {
	const made = await repo({ files: { "app.txt": "one\n" }, ledger: true });
	const id = await addTask(made, "Title", "--label", "a", "--prompt", "One.\n\nTwo.\n\nThree.");
	const place: Sided = { ...made, id, md: `tasks/${id}.md`, json: `tasks/${id}.json` };
	place.git("branch", "side");
	for (const step of ours) await step(place);
	place.git("switch", "--quiet", "side");
	for (const step of theirs) await step(place);
	place.git("switch", "--quiet", "main");
	withoutDriver(place);
	return place;
}

/** As in a clone that was made without msgcode. */
function withoutDriver(place: Repo): void {
	place.git("config", "merge.msgcode.driver", "");
	place.git("config", "--remove-section", "merge.msgcode");
}

/** Runs git, which is to end with a conflict. */
function conflicting(place: Repo, ...args: string[]): void {
	expect(() => place.git("-c", "rerere.enabled=false", ...args)).toThrow();
}

/** Registering the merge driver anew is a fix of its own. */
async function fix(place: Repo, ...flags: string[]): Promise<Answer> {
	const answer = await fixAll(place, ...flags);
	return { ...answer, fixes: answer.fixes.filter(({ file }) => file.startsWith("tasks/")) };
}

async function unchangedByDryRun(place: Repo): Promise<Answer> {
	const answer = await dryRun(place);
	return { ...answer, fixes: answer.fixes.filter(({ file }) => file.startsWith("tasks/")) };
}

/** What the driver makes of a file of two commits and their base. */
async function driven(place: Sided, path: string, [base, ours, theirs]: readonly [string, string, string]) {
	const { workspace, git } = ledgerOf(place);
	const at = (rev: string) => place.gitBytes("show", `${rev}:${path}`).toString("utf8");
	const sides = { base: at(base), ours: at(ours), theirs: at(theirs) };
	return mergeLedgerFile(path, sides, gitMergeText({ git, folder: workspace.stateDir }));
}

const mergeable = () =>
	diverged([labels("a", "b"), close, code("ours\n")], [labels("a", "c"), block, code("theirs\n")]);

describe("in the middle of an operation", () => {
	const operations: readonly [string, (place: Sided) => void, (place: Sided) => void][] = [
		[
			"merge",
			(place) => conflicting(place, "merge", "side"),
			(place) => void place.git("commit", "--quiet", "--no-edit"),
		],
		[
			"merge with diff3 markers",
			(place) => conflicting(place, "-c", "merge.conflictStyle=diff3", "merge", "side"),
			(place) => void place.git("commit", "--quiet", "--no-edit"),
		],
		[
			"merge with zdiff3 markers",
			(place) => conflicting(place, "-c", "merge.conflictStyle=zdiff3", "merge", "side"),
			(place) => void place.git("commit", "--quiet", "--no-edit"),
		],
	];

	test.each(operations)(
		"%s: the task's files are merged by field and staged, nothing else is touched",
		async (_, begin, conclude) => {
			const place = await mergeable();
			const sides = ["side~3", "main", "side"] as const;
			const wanted = { md: await driven(place, place.md, sides), json: await driven(place, place.json, sides) };
			begin(place);
			const app = readFileSync(join(place.path, "app.txt"), "utf8");
			const dry = await unchangedByDryRun(place);
			expect(dry.fixes.map((found) => [found.code, found.file, found.local])).toEqual([
				["unmerged", place.json, true],
				["unmerged", place.md, true],
			]);
			const head = place.git("rev-parse", "HEAD");
			const made = await fix(place, "--yes");
			expect(made.fixes.map(({ error, commit }) => [error, commit])).toEqual([
				[null, null],
				[null, null],
			]);
			expect(place.git("rev-parse", "HEAD")).toBe(head);
			expect(place.git("diff", "--name-only", "--diff-filter=U")).toBe("app.txt");
			expect(place.read("app.txt")).toBe(app);
			expect(place.git("diff", "--name-only", "--", "tasks")).toBe("");
			expect([place.read(place.md), place.read(place.json)]).toEqual([wanted.md.text, wanted.json.text]);
			expect(await fix(place, "--yes")).toMatchObject({ fixes: [], undecided: [] });
			place.write("app.txt", "both\n");
			place.git("add", "app.txt");
			conclude(place);
			const { data } = await succeed(place, "task", "show", place.id);
			expect(data).toMatchObject({
				labels: ["a", "b", "c"],
				status: "done",
				closed: { reason: "finished" },
				broken: false,
			});
		},
	);

	test("rebase and cherry-pick, each commit as it comes", async () => {
		const place = await diverged([labels("a", "b")], [labels("a", "c"), labels("a", "c", "d")]);
		place.git("switch", "--quiet", "side");
		conflicting(place, "rebase", "main");
		for (let commit = 0; commit < 2; commit += 1) {
			if (place.git("status", "--porcelain", "--untracked-files=no") === "") break;
			expect((await unchangedByDryRun(place)).fixes).toHaveLength(1);
			expect((await fix(place, "--yes")).fixes).toMatchObject([{ code: "unmerged", error: null }]);
			try {
				place.git("-c", "core.editor=true", "rebase", "--continue");
			} catch {
				// The next commit conflicts as well.
			}
		}
		expect(place.git("status")).not.toContain("rebase in progress");
		expect((await succeed(place, "task", "show", place.id)).data.labels).toEqual(["a", "b", "c", "d"]);
		place.git("switch", "--quiet", "--detach", "main");
		await labels("a", "b", "e")(place);
		conflicting(place, "cherry-pick", "side");
		expect((await fix(place, "--yes")).fixes).toMatchObject([{ code: "unmerged", error: null }]);
		place.git("-c", "core.editor=true", "cherry-pick", "--continue");
		expect((await succeed(place, "task", "show", place.id)).data.labels.sort()).toEqual(["a", "b", "d", "e"]);
	});

	test("what was typed outside the markers stays", async () => {
		const place = await mergeable();
		conflicting(place, "merge", "side");
		place.write(place.md, place.read(place.md).replace("One.", "One, and more.").replace("Three.", "Three.\n\nFour."));
		expect((await unchangedByDryRun(place)).fixes.map(({ file }) => file)).toContain(place.md);
		await fix(place, "--yes");
		expect(place.read(place.md)).toMatch(/One, and more\.\n\nTwo\.\n\nThree\.\n\nFour\.$/);
		expect(place.read(place.md)).toMatch(/- a\n {2}- b\n {2}- c\n/);
	});

	test("a field that both sides changed is told, and the file is left as it is, staged or not", async () => {
		const place = await diverged([edit("--title", "Ours")], [edit("--title", "Theirs"), labels("a", "c")]);
		conflicting(place, "merge", "side");
		const before = [place.read(place.md), place.git("ls-files", "--stage", "--", place.md)];
		const made = await fix(place, "--yes");
		expect(made.fixes).toEqual([]);
		expect(made.undecided).toMatchObject([{ code: "unmerged", file: place.md, fields: ["title"] }]);
		expect([place.read(place.md), place.git("ls-files", "--stage", "--", place.md)]).toEqual(before);
		// Staged with its markers, it is still told.
		place.git("add", place.md);
		expect((await fix(place, "--yes")).undecided).toMatchObject([{ code: "conflict_markers", fields: ["title"] }]);
		expect(place.read(place.md)).toBe(before[0]);
	});

	test("staged with its markers by mistake: merged and staged again", async () => {
		const place = await mergeable();
		conflicting(place, "merge", "side");
		place.git("add", "tasks");
		expect((await unchangedByDryRun(place)).fixes.map((found) => [found.code, found.local])).toEqual([
			["conflict_markers", true],
			["conflict_markers", true],
		]);
		await fix(place, "--yes");
		expect(place.git("diff", "--name-only", "--", "tasks")).toBe("");
		expect(place.git("show", `:${place.md}`)).toMatch(/- a\n {2}- b\n {2}- c\n/);
	});

	test("what somebody has begun to resolve is theirs", async () => {
		const place = await mergeable();
		conflicting(place, "merge", "side");
		place.write(place.md, place.read(place.md).replace("  - b\n", "  - mine\n"));
		const before = place.read(place.md);
		const made = await fix(place, "--yes");
		expect(made.fixes.map(({ file }) => file)).toEqual([place.json]);
		expect(made.undecided).toMatchObject([{ code: "unmerged", file: place.md }]);
		expect(place.read(place.md)).toBe(before);
		place.write(place.md, place.read(place.md).replace(/^(?:<{7}|={7}|>{7}).*\n/gm, ""));
		expect((await fix(place, "--yes")).undecided).toMatchObject([
			{ message: expect.stringContaining("its markers are gone") },
		]);
		expect(place.read(place.md)).toContain("- mine");
	});

	test("begun to resolve under diff3 markers, which show a base of their own: theirs as well", async () => {
		const place = await mergeable();
		conflicting(place, "-c", "merge.conflictStyle=diff3", "merge", "side");
		place.write(place.md, place.read(place.md).replace("  - b\n", "  - mine\n"));
		const before = place.read(place.md);
		expect((await fix(place, "--yes")).undecided).toMatchObject([
			{ file: place.md, message: expect.stringContaining("begun") },
		]);
		expect(place.read(place.md)).toBe(before);
	});

	test("what git merged as text and the driver would not have is for a person, beside what would merge", async () => {
		const runner =
			(first: string, last: string): Step =>
			(place) => {
				const args = [first, "b", "c", "d", "e", last].map((arg) => `    - ${arg}\n`).join("");
				place.write(
					place.md,
					place.read(place.md).replace(/runner:\n(?: {2,4}.*\n)*/, `runner:\n  kind: shell\n  args:\n${args}`),
				);
				place.git("commit", "--quiet", "-am", "runner");
			};
		const place = await diverged([], []);
		for (const [branch, step, label] of [
			["main", runner("a", "f"), "a"],
			["side", runner("a", "F"), "c"],
			["main", runner("A", "f"), "b"],
		] as const) {
			place.git("switch", "--quiet", branch);
			if (branch === "main" && label === "a") {
				await step(place);
				place.git("branch", "--force", "side");
				continue;
			}
			await step(place);
			await labels("a", label)(place);
		}
		conflicting(place, "merge", "side");
		expect(place.read(place.md)).toMatch(/- A\n(?: {4}- \w\n)+ {4}- F\n/);
		const before = place.read(place.md);
		const made = await fix(place, "--yes");
		expect(made.undecided).toMatchObject([{ code: "unmerged", file: place.md, fields: ["runner"] }]);
		expect(place.read(place.md)).toBe(before);
	});

	test("the folder of a run that was archived here and landed there: git's proposal is taken", async () => {
		const place = await repo({ files: { "app.txt": "one\n" }, ledger: true });
		const id = await addTask(place, "Lands", "--runner", "shell", "--", "sh", "-c", "echo two >>app.txt");
		await succeed(place, "task", "run", id);
		place.git("branch", "side");
		await succeed(place, "task", "worktree", "rm", id, "--yes");
		await succeed(place, "task", "close", id, "--reason", "done");
		await succeed(place, "task", "archive", id);
		place.git("switch", "--quiet", "side");
		await succeed(place, "task", "apply", id, "--yes");
		place.git("switch", "--quiet", "main");
		conflicting(place, "merge", "side");
		const [landing = ""] = place.git("diff", "--name-only", "--diff-filter=U").split("\n");
		expect(landing).toMatch(/^tasks\/archive\/\d{4}\/runs\/.*\/landing\.json$/);
		expect((await unchangedByDryRun(place)).fixes).toMatchObject([{ file: landing, diff: `git add ${landing}\n` }]);
		expect((await fix(place, "--yes")).fixes).toMatchObject([{ file: landing, error: null }]);
		place.git("commit", "--quiet", "--no-edit");
		expect((await succeed(place, "task", "show", id)).data.landings).toHaveLength(1);
		expect((await place.msgcode("fsck")).exitCode).toBe(0);
	});

	test("runs.jsonl without its union rule: the lines of both sides, once each", async () => {
		const run: Step = (place) => succeed(place, "task", "run", place.id, "--in-place", "--", "true");
		const place = await diverged([run, run], [run]);
		const attributes = place.read("tasks/.gitattributes");
		place.write("tasks/.gitattributes", attributes.replace("runs.jsonl merge=union\n", ""));
		conflicting(place, "merge", "side");
		expect((await unchangedByDryRun(place)).fixes.map(({ file }) => file)).toContain("tasks/runs.jsonl");
		await fix(place, "--yes");
		expect(place.read("tasks/runs.jsonl").match(/^\{.*\}$/gm)).toHaveLength(3);
		expect(place.read("tasks/runs.jsonl").split("\n")).toHaveLength(4);
		expect(place.git("diff", "--name-only", "--diff-filter=U")).toBe("");
	});
});

describe("committed markers", () => {
	/** Commits the conflict as it stands, as `git commit --all` does. */
	const commitMarked = (place: Sided) => {
		place.write("app.txt", "both\n");
		place.git("commit", "--quiet", "--all", "-m", "merged, or so it seemed");
	};
	const ways: readonly [string, (place: Sided) => void][] = [
		["a merge", (place) => conflicting(place, "merge", "side")],
		["a merge with diff3 markers", (place) => conflicting(place, "-c", "merge.conflictStyle=diff3", "merge", "side")],
		["a squash merge", (place) => conflicting(place, "merge", "--squash", "side")],
	];

	test.each(ways)(
		"%s: one commit for each file, on top of what was typed since; undoing it brings the markers back",
		async (_, begin) => {
			const place = await mergeable();
			const sides = ["side~3", "main", "side"] as const;
			const wanted = { md: await driven(place, place.md, sides), json: await driven(place, place.json, sides) };
			begin(place);
			commitMarked(place);
			place.write(place.md, place.read(place.md).replace("One.", "One, committed."));
			place.git("commit", "--quiet", "-am", "typed");
			place.write(place.md, place.read(place.md).replace("Three.", "Three, not committed."));
			const marked = { md: place.read(place.md), json: place.read(place.json) };
			const dry = await unchangedByDryRun(place);
			expect(dry.exitCode).toBe(7);
			expect(dry.fixes.map((found) => [found.code, found.file, found.local])).toEqual([
				["conflict_markers", place.json, false],
				["conflict_markers", place.md, false],
			]);
			const made = await fix(place, "--yes");
			expect(made.exitCode).toBe(0);
			expect(made.fixes.map(({ error }) => error)).toEqual([null, null]);
			const typed = wanted.md.text.replace("One.", "One, committed.").replace("Three.", "Three, not committed.");
			expect([place.read(place.md), place.read(place.json)]).toEqual([typed, wanted.json.text]);
			expect(place.git("status", "--porcelain", "--", "tasks")).toBe("");
			const commits = made.fixes.map(({ commit }) => commit as string);
			expect(place.git("log", "-3", "--format=%s")).toBe(
				[
					`task(${place.id}): resolve conflict markers in ${place.md}`,
					`task(${place.id}): edited by hand`,
					`task(${place.id}): resolve conflict markers in ${place.json}`,
				].join("\n"),
			);
			for (const commit of [...commits].reverse()) place.git("revert", "--no-edit", commit);
			expect({ md: place.read(place.md), json: place.read(place.json) }).toEqual(marked);
			const again = await fix(place, "--yes");
			for (const { commit } of [...again.fixes].reverse()) await succeed(place, "undo", "--op", commit as string);
			expect({ md: place.read(place.md), json: place.read(place.json) }).toEqual(marked);
		},
	);

	test("a cherry-pick: the commit that the markers name tells the base", async () => {
		const place = await diverged([labels("a", "b")], [labels("a", "x"), labels("a", "x", "c")]);
		conflicting(place, "cherry-pick", "side");
		commitMarked(place);
		expect((await fix(place, "--yes")).fixes).toMatchObject([{ code: "conflict_markers", error: null }]);
		expect((await succeed(place, "task", "show", place.id)).data.labels).toEqual(["a", "b", "c"]);
	});

	test("in an archived task: mended where it stands", async () => {
		const place = await diverged([labels("a", "b"), close], [labels("a", "c"), close]);
		conflicting(place, "merge", "side");
		commitMarked(place);
		const year = new Date().getUTCFullYear();
		place.write(`tasks/archive/${year}/${place.id}.md`, place.read(place.md));
		place.write(`tasks/archive/${year}/${place.id}.json`, place.git("show", `side:${place.json}`));
		place.git("rm", "--quiet", "-f", place.md, place.json);
		place.git("add", "tasks");
		place.git("commit", "--quiet", "-m", "archived by hand");
		const made = await fix(place, "--yes");
		expect(made.fixes).toMatchObject([{ file: `tasks/archive/${year}/${place.id}.md`, error: null }]);
		expect(made.undecided).toEqual([]);
		expect((await succeed(place, "task", "show", place.id)).data.labels).toEqual(["a", "b", "c"]);
	});

	test("where nobody knows what both began from, a person decides", async () => {
		const place = await diverged([labels("a", "b")], [labels("a", "c")]);
		conflicting(place, "merge", "--squash", "side");
		place.write(place.md, place.read(place.md).replace(/^>{7} .*$/m, ">>>>>>> a branch of long ago"));
		commitMarked(place);
		const before = place.read(place.md);
		const made = await fix(place, "--yes");
		expect([made.exitCode, made.fixes]).toEqual([7, []]);
		expect(made.undecided).toMatchObject([{ message: expect.stringContaining("is not known here any more") }]);
		expect(place.read(place.md)).toBe(before);
	});

	test("the same in other writing needs no base", async () => {
		const place = await diverged([], []);
		const text = place.read(place.md);
		const both = "<<<<<<< here\nlabels: [a]\n=======\nlabels: [ a ]\n>>>>>>> a branch of long ago\n";
		place.write(place.md, text.replace("labels:\n  - a\n", both));
		expect(place.read(place.md)).not.toBe(text);
		expect((await fix(place, "--yes")).fixes).toMatchObject([{ code: "conflict_markers", error: null }]);
		expect((await succeed(place, "task", "show", place.id)).data).toMatchObject({ labels: ["a"], broken: false });
	});
});
