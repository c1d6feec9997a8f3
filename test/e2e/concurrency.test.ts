// Many processes at once in one clone: what each of them printed as done is in HEAD, and nothing else is.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { CliResult } from "../support/cli.ts";
import { type Repo, type RepoOptions, repo } from "../support/repo.ts";

const withLedger = (options: RepoOptions = {}) =>
	repo({ ledger: true, ...options, files: { "code.txt": "code\n", ...options.files } });

/** Commits since `base`, oldest first. */
function commitsSince(made: Repo, base: string): { hash: string; op: string; task: string }[] {
	const form = "%H|%(trailers:key=Msgcode-Op,valueonly,separator=)|%(trailers:key=Msgcode-Task,valueonly,separator=)";
	return made
		.git("log", "--reverse", `--format=${form}`, `${base}..HEAD`)
		.split("\n")
		.filter((line) => line !== "")
		.map((line) => {
			const [hash = "", op = "", task = ""] = line.split("|");
			return { hash, op, task };
		});
}

/** HEAD, the index and the folder say the same, and nobody left a lock or half a file. */
function expectWhole(made: Repo): void {
	expect(made.git("status", "--porcelain", "--untracked-files=all")).toBe("");
	expect(made.git("diff", "HEAD", "--name-only")).toBe("");
	made.git("fsck", "--no-dangling", "--no-progress");
	const inHead = made.git("ls-tree", "--name-only", "HEAD", "tasks/").split("\n");
	const inFolder = readdirSync(join(made.path, "tasks")).map((name) => `tasks/${name}`);
	expect(inFolder.filter((name) => !["tasks/index.json", "tasks/runs"].includes(name)).sort()).toEqual(
		inHead.filter((name) => name !== "tasks/runs").sort(),
	);
	const state = join(made.path, ".git", "msgcode");
	expect(readdirSync(state).filter((name) => /journal|\.lock$|tmp/.test(name))).toEqual([]);
	expect(readdirSync(join(made.path, ".git")).filter((name) => /lock|msgcode-index/.test(name))).toEqual([]);
	const claims = join(state, "claims");
	expect(readdirSync(state).includes("claims") ? readdirSync(claims) : []).toEqual([]);
}

const failed = (results: readonly CliResult[]) =>
	results.filter(({ exitCode }) => exitCode !== 0).map(({ stdout, stderr }) => stdout + stderr);

describe("twenty `task add` at once", () => {
	test("make twenty tasks in twenty commits", async () => {
		const made = await withLedger({ staged: {} });
		const base = made.git("rev-parse", "HEAD");
		const numbers = Array.from({ length: 20 }, (_, number) => number);
		const results = await Promise.all(
			numbers.map((number) => made.msgcodeProcess("task", "add", `Task ${number}`, "--json")),
		);
		expect(failed(results)).toEqual([]);
		const printed = results.map((result) => result.json().data as { id: string; title: string; commit: string });
		const commits = commitsSince(made, base);
		expect(commits.map(({ task }) => task).sort()).toEqual(printed.map(({ id }) => id).sort());
		expect(commits.map(({ hash }) => hash).sort()).toEqual(printed.map(({ commit }) => commit).sort());
		for (const { id, title } of printed) expect(made.git("show", `HEAD:tasks/${id}.md`)).toContain(title);
		expectWhole(made);
		const listed = (await made.msgcode("task", "list", "--json")).json().data;
		expect(listed).toHaveLength(20);
		expect((await made.msgcode("task", "list", "--json", "--no-index")).json().data).toEqual(listed);
	});

	test("in linked worktrees and the main checkout all end up in the one ledger", async () => {
		const made = await withLedger();
		const base = made.git("rev-parse", "HEAD");
		const folders = ["one", "two"].map((name) => {
			made.git("worktree", "add", "--quiet", "-b", name, `../${name}`);
			return join(made.home, name);
		});
		const results = await Promise.all(
			[made.path, ...folders, made.path, ...folders].map((cwd, number) =>
				made.msgcodeProcessWith({ cwd }, "task", "add", `Task ${number}`, "--json"),
			),
		);
		expect(failed(results)).toEqual([]);
		expect(commitsSince(made, base)).toHaveLength(6);
		expectWhole(made);
	});
});

describe("eight processes that add, edit, close and run at once", () => {
	/** Refusals that say what another process did first; anything else, a lock above all, is a failure of ours. */
	const HONEST = new Set(["task_transition", "task_running", "worktree_kept"]);

	test("leave in HEAD what each printed as done, and nothing else", async () => {
		const made = await withLedger();
		const shared: string[] = [];
		for (const title of ["Shared 1", "Shared 2", "Shared 3"]) {
			shared.push((await made.msgcode("task", "add", title, "--json")).json().data.id);
		}
		const base = made.git("rev-parse", "HEAD");
		const done: { argv: readonly string[]; data: Record<string, unknown> }[] = [];
		const refused: string[] = [];
		const say = async (...argv: string[]): Promise<Record<string, unknown> | null> => {
			const result = await made.msgcodeProcess("--json", ...argv);
			const document = result.json();
			if (document.kind === "error") {
				refused.push(document.error.code);
				expect(HONEST, `${argv.join(" ")}: ${document.error.message}`).toContain(document.error.code);
				return null;
			}
			expect(result.exitCode, `${argv.join(" ")}: ${result.stdout}`).toBe(0);
			done.push({ argv, data: document.data });
			return document.data;
		};
		const worker = async (number: number): Promise<void> => {
			const target = shared[number % shared.length] as string;
			const added = await say("task", "add", `Own ${number}`, "--label", `worker-${number}`);
			const own = added?.id as string;
			await say("task", "edit", target, "--priority", String((number % 9) + 1), "--assignee", `worker ${number}`);
			await say("task", "run", own, "--", "sh", "-c", `echo ${number} >made-${number}.txt`);
			if (number % 2 === 0) await say("task", "close", target, "--reason", `by ${number}`);
			else await say("task", "reopen", target);
			await say("task", "edit", own, "--title", `Own ${number}, edited`);
			if (number % 4 === 0) await say("task", "close", own, "--reason", "done");
		};
		await Promise.all(Array.from({ length: 8 }, (_, number) => worker(number)));

		// Every success that was printed is a commit of its own kind on the branch …
		const commits = commitsSince(made, base);
		const verb = ({ argv }: { argv: readonly string[] }) => argv[1] as string;
		const printed = done.filter(({ data }) => data.commit !== null);
		expect(
			commits
				.filter(({ op }) => op !== "adopt")
				.map(({ hash }) => hash)
				.sort(),
		).toEqual(printed.map(({ data }) => data.commit).sort());
		const opOf = new Map(commits.map(({ hash, op }) => [hash, op]));
		for (const entry of printed) expect(opOf.get(entry.data.commit as string)).toBe(verb(entry));
		expect(done.filter((entry) => verb(entry) === "add")).toHaveLength(8);
		// … and its content is in HEAD: the last word of each task is what its last success said.
		for (const { argv, data } of done) {
			if (argv[1] === "add") expect(made.git("ls-tree", "--name-only", "HEAD", `tasks/${data.id}.md`)).not.toBe("");
			if (argv[1] !== "run") continue;
			const folder = `tasks/runs/${data.taskId}/${data.runId}`;
			const receipt = JSON.parse(made.git("show", `HEAD:${folder}/run_receipt.json`));
			expect(receipt).toMatchObject({ status: "ok", tree: data.tree });
			expect(made.git("rev-parse", `refs/msgcode/runs/${data.runId}^{tree}`)).toBe(data.tree);
			expect(made.git("show", `HEAD:${folder}/patch.diff`)).toContain("made-");
		}
		const runs = made.git("show", "HEAD:tasks/runs.jsonl").split("\n");
		const ran = done.filter((entry) => verb(entry) === "run").map(({ data }) => data.runId);
		expect(runs.map((line) => JSON.parse(line).runId).sort()).toEqual(ran.sort());
		for (let number = 0; number < 8; number += 1) {
			const title = `Own ${number}, edited`;
			expect(made.git("grep", "--name-only", "--fixed-strings", title, "HEAD", "--", "tasks/*.md")).not.toBe("");
		}
		// Nothing else is: no task that nobody added, no file that is not committed.
		const ids = made.git("ls-tree", "--name-only", "HEAD", "tasks/").match(/tsk_\w+(?=\.md)/g) ?? [];
		const added = done.filter((entry) => verb(entry) === "add").map(({ data }) => data.id as string);
		expect([...ids].sort()).toEqual([...shared, ...added].sort());
		expectWhole(made);
		expect((await made.msgcode("doctor", "--json")).exitCode).toBe(0);
		expect(refused.filter((code) => !HONEST.has(code))).toEqual([]);
	});
});

describe("a user who commits while msgcode works", () => {
	test("loses nothing, and neither does the ledger", async () => {
		const made = await withLedger();
		const base = made.git("rev-parse", "HEAD");
		let working = true;
		const user = (async () => {
			let count = 0;
			while (working) {
				count += 1;
				made.write("code.txt", `code ${count}\n`);
				try {
					made.git("commit", "--quiet", "-m", `user ${count}`, "--only", "--", "code.txt");
				} catch (error) {
					// The user's git gives up where another holds the index's lock: that is theirs to repeat.
					expect(String(error)).toMatch(/index\.lock|cannot lock ref/);
				}
				await new Promise((resolve) => setImmediate(resolve));
			}
			return count;
		})();
		const results = await Promise.all(
			Array.from({ length: 8 }, (_, number) => made.msgcodeProcess("task", "add", `Task ${number}`, "--json")),
		);
		working = false;
		expect(await user).toBeGreaterThan(0);
		expect(failed(results)).toEqual([]);
		const printed = results.map((result) => result.json().data.id as string);
		const ids = made.git("ls-tree", "--name-only", "HEAD", "tasks/").match(/tsk_\w+(?=\.md)/g) ?? [];
		expect([...ids].sort()).toEqual(printed.sort());
		expect(commitsSince(made, base).length).toBeGreaterThan(8);
		made.git("commit", "--quiet", "--allow-empty", "-m", "the last", "--only", "--", "code.txt");
		expectWhole(made);
		// No commit of the user's took a task away again.
		const removed = made.git("log", "--diff-filter=D", "--name-only", "--format=", `${base}..HEAD`);
		expect(removed).toBe("");
	});
});

describe("eight runs of one task at once", () => {
	test("are one run; the others are refused and leave nothing", async () => {
		const made = await withLedger();
		const id = (await made.msgcode("task", "add", "One at a time", "--json")).json().data.id;
		const base = made.git("rev-parse", "HEAD");
		const script = 'while ! [ -e "$0" ]; do sleep 0.02; done; echo x >made.txt';
		const gate = join(made.home, "gate");
		const runs = Array.from({ length: 8 }, () =>
			made.msgcodeProcess("task", "run", id, "--json", "--", "sh", "-c", script, gate),
		);
		const settled: CliResult[] = [];
		for (const run of runs) void run.then((result) => settled.push(result));
		await expect.poll(() => settled.length, { timeout: 30_000 }).toBe(7);
		expect(settled.map((result) => result.json().error.code)).toEqual(Array(7).fill("task_running"));
		expect((await made.msgcode("task", "list", "--json")).json().data[0].status).toBe("running");
		made.write("../gate", "");
		const results = await Promise.all(runs);
		expect(results.filter(({ exitCode }) => exitCode === 0)).toHaveLength(1);
		expect(commitsSince(made, base).filter(({ op }) => op === "run")).toHaveLength(1);
		expectWhole(made);
	});
});
