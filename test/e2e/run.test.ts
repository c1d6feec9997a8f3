// `task run` as a user meets it: what a run starts from, what it leaves behind, what it may see, when it is refused.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { CliResult } from "../support/cli.ts";
import { type Repo, type RepoOptions, repo, temporaryFolder } from "../support/repo.ts";
import { standInEnvironment } from "../support/stand-ins.ts";
import { program } from "../support/supervise.ts";

const CODE = { ".gitignore": "*.log\n.env\n", "app.txt": "one\n", "lib/util.txt": "util\n" };

function workspace(options: RepoOptions = {}): Promise<Repo> {
	return repo({ files: CODE, ledger: true, ...options });
}

/** A task whose shell runner executes the script. */
async function shellTask(at: Repo, script: string, ...flags: string[]): Promise<string> {
	return addTask(at, "--runner", "shell", ...flags, "--", "sh", "-c", script);
}

async function addTask(at: Repo, ...argv: string[]): Promise<string> {
	const added = await at.msgcode("task", "add", "Sample", "--json", ...argv);
	expect(added.exitCode, added.stdout).toBe(0);
	return added.json().data.id;
}

// biome-ignore lint/suspicious/noExplicitAny: receipts are looked into from all sides
type Ran = CliResult & { readonly data: any };

async function run(at: Repo, ...argv: string[]): Promise<Ran> {
	return withData(await at.msgcode("task", "run", "--json", ...argv));
}

async function runOk(at: Repo, ...argv: string[]): Promise<Ran> {
	const ran = await run(at, ...argv);
	expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
	return ran;
}

function withData(result: CliResult): Ran {
	return { ...result, data: result.json().data };
}

async function refusal(at: Repo, ...argv: string[]) {
	const { exitCode, stdout, json } = await at.msgcode("task", "run", "--json", ...argv);
	expect(exitCode, stdout).not.toBe(0);
	const { code, message, hint, details } = json().error;
	return { exitCode, code, message, hint, details };
}

function patchOf(at: Repo, ran: Ran): string {
	return at.read(ran.data.patch.path);
}

/** The files that the patch names. */
function patchedFiles(at: Repo, ran: Ran): string[] {
	return [...patchOf(at, ran).matchAll(/^diff --git a\/(.*) b\/.*$/gm)].map((found) => found[1] as string).sort();
}

/** Nothing of a run that was refused is there: no claim, worktree, branch, record or commit. */
function expectNoTrace(at: Repo, head: string): void {
	const claims = join(at.path, ".git/msgcode/claims");
	expect(existsSync(claims) ? readdirSync(claims) : []).toEqual([]);
	expect(at.exists("worktrees") ? readdirSync(join(at.path, "worktrees")) : []).toEqual([]);
	expect(at.git("for-each-ref", "refs/heads/msgcode/", "refs/msgcode")).toBe("");
	expect(at.exists("tasks/runs.jsonl")).toBe(false);
	expect(at.git("rev-parse", "HEAD")).toBe(head);
}

/** Every byte that can be reached from HEAD. */
function historyOf(at: Repo): Buffer {
	const ids = at
		.git("rev-list", "--objects", "HEAD")
		.split("\n")
		.map((line) => line.split(" ")[0] as string);
	return Buffer.concat(ids.map((oid) => at.gitBytes("cat-file", at.git("cat-file", "-t", oid), oid)));
}

describe("a run starts from", () => {
	test("HEAD, and what the user has not committed is neither seen nor touched", async () => {
		const at = await workspace({
			staged: { "staged.txt": "s\n" },
			dirty: { "app.txt": "dirty\n" },
			untracked: { "new.txt": "n\n" },
		});
		const id = await shellTask(at, "cat app.txt > seen.txt; ls >> seen.txt; echo changed > app.txt");
		const status = at.git("status", "--porcelain");
		const head = at.git("rev-parse", "HEAD");
		const ran = await runOk(at, id);
		expect(ran.data.baseCommit).toBe(head);
		expect(patchOf(at, ran)).toContain("+one\n+app.txt\n+lib\n+seen.txt\n");
		expect(at.read("app.txt")).toBe("dirty\n");
		expect(at.git("status", "--porcelain")).toBe(status);
		const warning = ran.data.warnings.find((one: { code: string }) => one.code === "checkout_dirty");
		expect(warning.paths).toEqual(["app.txt", "new.txt", "staged.txt"]);
	});

	test("the revision of --base, and its patch applies there", async () => {
		const at = await workspace();
		const base = at.git("rev-parse", "HEAD");
		at.write("later.txt", "later\n");
		at.commitAll("later");
		const id = await shellTask(at, "ls > seen.txt");
		const ran = await runOk(at, id, "--base", "HEAD~2");
		expect(ran.data.baseCommit).toBe(base);
		expect(patchOf(at, ran)).not.toContain("later.txt");
		const elsewhere = join(temporaryFolder(), "there");
		at.git("worktree", "add", "--quiet", "--detach", elsewhere, base);
		at.git("-C", elsewhere, "apply", "--index", join(at.path, ran.data.patch.path));
		expect(at.git("-C", elsewhere, "write-tree")).toBe(ran.data.tree);
	});

	test("no revision that git does not know", async () => {
		const at = await workspace();
		const id = await shellTask(at, "true");
		const head = at.git("rev-parse", "HEAD");
		expect(await refusal(at, id, "--base", "no-such")).toMatchObject({ exitCode: 3, code: "revision_not_found" });
		expect(await refusal(at, id, "--base", "--output=/tmp/x")).toMatchObject({ code: "revision_not_found" });
		expectNoTrace(at, head);
	});

	test("the worktree that the last run left, with --continue: one patch from the same base, whatever HEAD did meanwhile", async () => {
		const at = await workspace();
		const id = await shellTask(at, "echo first > first.txt");
		const first = await runOk(at, id);
		at.write("meanwhile.txt", "m\n");
		at.commitAll("meanwhile");
		const second = await runOk(at, id, "--continue", "--", "sh", "-c", "cat first.txt > second.txt");
		expect(second.data.baseCommit).toBe(first.data.baseCommit);
		expect(patchedFiles(at, second)).toEqual(["first.txt", "second.txt"]);
		expect(second.data.runId).not.toBe(first.data.runId);
	});

	test("nowhere with --continue, when no run left a worktree", async () => {
		const at = await workspace();
		const id = await shellTask(at, "true");
		const head = at.git("rev-parse", "HEAD");
		expect(await refusal(at, id, "--continue")).toMatchObject({ exitCode: 3, code: "worktree_not_found" });
		expectNoTrace(at, head);
	});

	test("the user's uncommitted work with --carry, which stays out of the patch", async () => {
		const at = await workspace({
			staged: { "staged.txt": "s\n" },
			dirty: { "app.txt": "dirty\n" },
			untracked: { "new.txt": "n\n" },
			ignored: { "x.log": "no\n" },
		});
		const id = await shellTask(at, "cat app.txt staged.txt new.txt > seen.txt; ls *.log >> seen.txt; true");
		const before = at.git("status", "--porcelain", "--ignored", "--", ":!tasks", ":!worktrees");
		const head = at.git("rev-parse", "HEAD");
		const ran = await runOk(at, id, "--carry");
		expect(patchedFiles(at, ran)).toEqual(["seen.txt"]);
		expect(patchOf(at, ran)).toContain("+dirty\n+s\n+n\n");
		expect(patchOf(at, ran)).not.toContain("x.log");
		expect(at.git("rev-parse", `${ran.data.baseCommit}^`)).toBe(head);
		expect(at.git("rev-parse", `refs/msgcode/carry/${ran.data.runId}`)).toBe(ran.data.baseCommit);
		expect(at.git("status", "--porcelain", "--ignored", "--", ":!tasks", ":!worktrees")).toBe(before);
		expect(ran.data.warnings).toEqual([]);
	});

	test("HEAD itself with --carry, when there is nothing to carry", async () => {
		const at = await workspace();
		const id = await shellTask(at, "true");
		const ran = await runOk(at, id, "--carry");
		expect(ran.data.baseCommit).toBe(at.git("rev-parse", "HEAD~1"));
		expect(at.git("for-each-ref", "refs/msgcode/carry")).toBe("");
	});

	test("a checkout with the ignored files of .worktreeinclude, and without the ledger", async () => {
		const at = await workspace({
			files: { ...CODE, ".worktreeinclude": "# settings\n.env\n*.log\n", "tasks/code.py": "print()\n" },
			ignored: { ".env": "KEY=1\n", "deep/a.log": "log\n" },
			untracked: { "free.txt": "untracked, not ignored\n" },
		});
		symlinkSync("/etc/hostname", join(at.path, "link.log"));
		const id = await shellTask(at, "{ find . -type f -not -path './.git*' | sort; cat .env; } > seen.txt");
		const ran = await runOk(at, id);
		const seen = readFileSync(join(at.path, "worktrees", id, "seen.txt"), "utf8");
		expect(seen).toBe(
			[
				"./.env",
				"./.worktreeinclude",
				"./app.txt",
				"./deep/a.log",
				"./lib/util.txt",
				"./seen.txt",
				"./tasks/code.py",
				"KEY=1",
				"",
			].join("\n"),
		);
		expect(patchedFiles(at, ran)).toEqual(["seen.txt"]);
		expect(ran.data.warnings).toMatchObject([
			{ code: "include_skipped", paths: ["link.log"] },
			{ code: "checkout_dirty", paths: ["free.txt"] },
		]);
	});
});

describe("a run is refused, and leaves no trace,", () => {
	test("for a task without a runner: its body is never executed", async () => {
		const at = await workspace();
		const id = await addTask(at, "--prompt", `touch ${join(at.home, "executed")}`);
		const head = at.git("rev-parse", "HEAD");
		expect(await refusal(at, id)).toMatchObject({ exitCode: 2, code: "runner_required" });
		// Not even where shell is the default: it has a prompt, and no command.
		at.write("msgcode.toml", '[runner]\ndefault = "shell"\n');
		expect(await refusal(at, id, "--approve", "0".repeat(64))).toMatchObject({
			code: expect.stringMatching(/approval_required|task_invalid_spec/),
		});
		const approved = await at.msgcode("task", "approve", id, "--yes", "--json");
		if (approved.exitCode === 0)
			expect(await refusal(at, id)).toMatchObject({ exitCode: 2, code: "task_invalid_spec" });
		expect(existsSync(join(at.home, "executed"))).toBe(false);
		rmSync(join(at.path, "msgcode.toml"));
		expectNoTrace(at, head);
	});

	test("when a branch named msgcode is in the way", async () => {
		const at = await workspace();
		at.git("branch", "msgcode");
		const id = await shellTask(at, "true");
		const head = at.git("rev-parse", "HEAD");
		const refused = await refusal(at, id);
		expect(refused).toMatchObject({ exitCode: 4, code: "ledger_path_taken" });
		expect(refused.message).toContain("msgcode");
		expectNoTrace(at, head);
		at.git("branch", "-m", "msgcode", "other");
		await runOk(at, id);
	});

	test("when git takes another folder for the worktree's top", async () => {
		const at = await workspace();
		const id = await shellTask(at, "echo made > made.txt");
		await runOk(at, id);
		const head = at.git("rev-parse", "HEAD");
		const marker = join(at.path, "worktrees", id, ".git");
		const before = readFileSync(marker);
		writeFileSync(marker, `gitdir: ${join(at.path, ".git")}\n`);
		at.git("config", "core.worktree", at.path);
		const refused = await refusal(at, id, "--continue", "--", "sh", "-c", "echo executed > executed.txt");
		expect(refused).toMatchObject({ exitCode: 4, code: "worktree_unreadable" });
		expect(existsSync(join(at.path, "worktrees", id, "executed.txt"))).toBe(false);
		expect(readdirSync(join(at.path, ".git/msgcode/claims"))).toEqual([]);
		at.git("config", "--unset", "core.worktree");
		writeFileSync(marker, before);
		expect(at.git("rev-parse", "HEAD")).toBe(head);
		await runOk(at, id, "--continue");
	});

	test("when flags contradict each other, the task is closed, or the time is no time", async () => {
		const at = await workspace();
		const id = await shellTask(at, "true");
		const head = at.git("rev-parse", "HEAD");
		expect(await refusal(at, id, "--in-place", "--carry")).toMatchObject({ exitCode: 2, code: "usage" });
		expect(await refusal(at, id, "--timeout", "0s")).toMatchObject({ exitCode: 2 });
		expect(await refusal(at, id, "--timeout", "25h")).toMatchObject({ exitCode: 2 });
		expectNoTrace(at, head);
		await at.msgcode("task", "close", id);
		expect(await refusal(at, id)).toMatchObject({ exitCode: 4, code: "task_transition" });
	});
});

describe("the worktree of a run", () => {
	test("stays, is recycled by the next run, and is refused once it holds work that nothing keeps", async () => {
		const at = await workspace();
		const id = await shellTask(at, "ls > seen.txt");
		const first = await runOk(at, id);
		expect(at.exists(`worktrees/${id}/seen.txt`)).toBe(true);
		const second = await runOk(at, id);
		expect(patchOf(at, second)).toBe(patchOf(at, first));
		expect(at.git("for-each-ref", "--format=%(refname:short)", "refs/heads/msgcode/")).toBe(
			`msgcode/${id}/${second.data.runId}`,
		);
		at.write(`worktrees/${id}/mine.txt`, "by hand\n");
		expect(await refusal(at, id)).toMatchObject({ exitCode: 4, code: "worktree_kept" });
		expect(at.read(`worktrees/${id}/mine.txt`)).toBe("by hand\n");
		const kept = await runOk(at, id, "--continue", "--", "true");
		expect(patchedFiles(at, kept)).toEqual(["mine.txt", "seen.txt"]);
		await runOk(at, id);
		expect(at.exists(`worktrees/${id}/mine.txt`)).toBe(false);
		expect(at.git("ls-tree", "-r", "--name-only", kept.data.ref)).toContain("mine.txt");
	});

	test("may have been deleted by hand before the next run", async () => {
		const at = await workspace();
		const id = await shellTask(at, "echo made > made.txt");
		await runOk(at, id);
		rmSync(join(at.path, "worktrees", id), { recursive: true });
		await runOk(at, id);
		expect(at.git("worktree", "list").split("\n")).toHaveLength(2);
	});

	test("is not made with --in-place: files change in the checkout, and are never committed", async () => {
		const at = await workspace({ staged: { "staged.txt": "s\n" } });
		const id = await shellTask(at, "echo made > made.txt; echo changed > app.txt");
		const ran = await runOk(at, id, "--in-place");
		expect(ran.data).toMatchObject({ mode: "in-place", baseCommit: null, tree: null, ref: null, patch: null });
		expect(at.git("status", "--porcelain")).toBe(" M app.txt\nA  staged.txt\n?? made.txt");
		expect(
			at
				.git("show", "--name-only", "--format=", "HEAD")
				.split("\n")
				.every((path) => path.startsWith("tasks/")),
		).toBe(true);
		expect(at.exists("worktrees")).toBe(false);
		expect(at.read(`tasks/runs/${id}/${ran.data.runId}/summary.md`)).toContain("in the checkout, uncommitted");
	});
});

describe("a run that did well", () => {
	test("and changed nothing says so, with an empty patch", async () => {
		const at = await workspace();
		const id = await shellTask(at, "true");
		const ran = await runOk(at, id);
		expect(ran.data).toMatchObject({ status: "ok", noChanges: true, patch: { bytes: 0, files: 0 } });
		expect(patchOf(at, ran)).toBe("");
		expect(at.read(`tasks/runs/${id}/${ran.data.runId}/summary.md`)).toContain("It changed nothing.");
		expect((await at.msgcode("task", "run", id)).stdout).toContain("It changed nothing.");
	});

	test("leaves the task open, closes it with --close or closeOn, and a failed run closes nothing", async () => {
		const at = await workspace();
		const status = async (id: string) => (await at.msgcode("task", "show", id, "--json")).json().data;
		const open = await shellTask(at, "true");
		await runOk(at, open);
		expect(await status(open)).toMatchObject({ status: "open" });
		const ran = await runOk(at, open, "--close");
		expect(await status(open)).toMatchObject({ status: "done", closed: { evidence: { runId: ran.data.runId } } });
		const closing = await shellTask(at, "true", "--close-on", "success");
		await runOk(at, closing);
		expect(await status(closing)).toMatchObject({ status: "done" });
		const failing = await shellTask(at, "exit 3");
		expect((await run(at, failing, "--close")).exitCode).toBe(1);
		expect(await status(failing)).toMatchObject({ status: "open" });
	});

	test("is started once for an idempotency key", async () => {
		const at = await workspace();
		const id = await shellTask(at, `echo x >> ${join(at.home, "count")}`);
		const first = await runOk(at, id, "--idempotency-key", "k1");
		const again = await runOk(at, id, "--idempotency-key", "k1");
		expect(again.data.runId).toBe(first.data.runId);
		const other = await runOk(at, id, "--idempotency-key", "k2");
		expect(other.data.runId).not.toBe(first.data.runId);
		expect(readFileSync(join(at.home, "count"), "utf8")).toBe("x\nx\n");
	});

	test("may have run a command that was typed behind --, which needs no approval and changes no task", async () => {
		const at = await workspace();
		const id = await addTask(at);
		const text = at.read(`tasks/${id}.md`);
		const ran = await runOk(at, id, "--", "sh", "-c", 'printf "%s|" "$@" > args.txt', "sh", "a b", "$HOME", "--json");
		expect(patchOf(at, ran)).toContain("+a b|$HOME|--json|");
		expect(at.read(`tasks/${id}.md`)).toBe(text);
	});
});

describe("checks", () => {
	test("run in the worktree, and are evidence in the receipt", async () => {
		const at = await workspace();
		const id = await shellTask(
			at,
			"echo made > made.txt",
			"--check",
			"test -f made.txt",
			"--check",
			"echo formatted > app.txt",
		);
		const ran = await runOk(at, id);
		expect(ran.data.checks).toMatchObject([
			{ command: "test -f made.txt", status: "ok", exitCode: 0, outputBytes: 0 },
			{ command: "echo formatted > app.txt", status: "ok", exitCode: 0 },
		]);
		expect(patchedFiles(at, ran)).toEqual(["made.txt"]);
		expect(ran.data.treeAfterChecks).not.toBe(ran.data.tree);
		expect(at.git("show", `${ran.data.treeAfterChecks}:app.txt`)).toBe("formatted");
	});

	test("that fail make the run an error, and its patch is kept", async () => {
		const at = await workspace();
		const id = await shellTask(at, "echo made > made.txt", "--check", "true", "--check", "exit 4");
		const ran = await run(at, id, "--close");
		expect(ran).toMatchObject({
			exitCode: 1,
			data: { status: "error", errorCode: "CHECKS_FAILED", details: { check: "exit 4", exitCode: 4 } },
		});
		expect(patchedFiles(at, ran)).toEqual(["made.txt"]);
		expect((await at.msgcode("task", "show", id, "--json")).json().data.status).toBe("open");
	});

	test("do not run after a runner that failed", async () => {
		const at = await workspace();
		const id = await shellTask(at, "exit 3", "--check", `touch ${join(at.home, "checked")}`);
		expect(await run(at, id)).toMatchObject({ exitCode: 1, data: { errorCode: "RUNNER_FAILED", checks: [] } });
		expect(existsSync(join(at.home, "checked"))).toBe(false);
	});
});

describe("what a run must not give away", () => {
	// Put together here, so that no scanner takes this file for a leak.
	const secret = ["ghp", "_", "a8Kq2ZrT0vXb5LnC7mJw9Ye1Uh3Sd4Fg6Pi0"].join("");

	test("a secret in its patch is in no object of HEAD's history, and is kept locally", async () => {
		const at = await workspace({ env: { SECRET: secret, MSGCODE_ENV_ALLOW: "SECRET" } });
		const id = await shellTask(
			at,
			`echo 'token = "${"$"}TOKEN"' > ok.txt; printf 'key: %s\\n' "$SECRET" > leak.txt; echo "$SECRET"`,
		);
		const ran = await run(at, id);
		expect(ran.exitCode).toBe(1);
		expect(ran.data).toMatchObject({
			status: "error",
			errorCode: "SECRET_FOUND",
			patch: { withheld: "secret" },
			secrets: [{ file: "leak.txt", line: 1 }],
		});
		expect(at.exists(ran.data.patch.path)).toBe(false);
		expect(historyOf(at).includes(secret)).toBe(false);
		expect(ran.stdout + ran.stderr).not.toContain(secret);
		expect(at.git("show", `${ran.data.ref}:leak.txt`)).toContain(secret);
		const events = at.read(`tasks/runs/${id}/${ran.data.runId}/events.jsonl`);
		expect(events).not.toContain(secret);
		expect(at.git("status", "--porcelain")).toBe("");
	});

	test("the words of a sensitive task's runner are in no tracked file", async () => {
		const at = await workspace();
		const id = await shellTask(
			at,
			"echo the-quiet-word; echo the-quiet-word >&2; echo made > made.txt",
			"--sensitive",
			"--prompt",
			"the-quiet-prompt-is-in-the-task",
		);
		const ran = await runOk(at, id);
		expect(patchedFiles(at, ran)).toEqual(["made.txt"]);
		const tracked = at.git("ls-tree", "-r", "--name-only", "HEAD", "--", `tasks/runs`, "tasks/runs.jsonl").split("\n");
		expect(tracked.length).toBeGreaterThan(3);
		const texts = tracked.filter((path) => !path.endsWith("patch.diff")).map((path) => at.git("show", `HEAD:${path}`));
		// The receipt names the command that ran, which is the task's own text; what it printed is nowhere.
		for (const text of texts) expect(text.replaceAll(/"argv": \[[^\]]*\]/g, "")).not.toContain("the-quiet");
	});

	test("the runner sees the allow-list and what msgcode tells it, no other variable", async () => {
		const at = await workspace({ files: { ...CODE, "msgcode.toml": '[env]\nallow = ["ALLOWED", "MY_*"]\n' } });
		const id = await shellTask(at, "env | sort > env.txt", "--runner-env", "FROM_TASK=yes");
		const env = {
			MY_SECRET_TOKEN_NOT: "1",
			SECRET_TOKEN: "hidden",
			AWS_SECRET_ACCESS_KEY: "hidden",
			GIT_DIR: "",
			ALLOWED: "yes",
			NODE_OPTIONS: "",
		};
		const ran = withData(await at.msgcodeWith({ env }, "task", "run", id, "--json"));
		expect(ran.exitCode, ran.stdout).toBe(0);
		const seen = new Map(
			readFileSync(join(at.path, "worktrees", id, "env.txt"), "utf8")
				.trimEnd()
				.split("\n")
				.map((line): [string, string] => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
		);
		expect(seen.get("ALLOWED")).toBe("yes");
		expect(seen.get("MY_SECRET_TOKEN_NOT")).toBe("1");
		expect(seen.get("FROM_TASK")).toBe("yes");
		for (const name of ["SECRET_TOKEN", "AWS_SECRET_ACCESS_KEY", "GIT_DIR", "NODE_OPTIONS", "GIT_CONFIG_GLOBAL"])
			expect(seen.has(name), name).toBe(false);
		expect(Object.fromEntries([...seen].filter(([name]) => name.startsWith("MSGCODE_")))).toEqual({
			MSGCODE_TASK_ID: id,
			MSGCODE_RUN_ID: ran.data.runId,
			MSGCODE_ATTEMPT: "1",
			MSGCODE_WORKSPACE: at.path,
			MSGCODE_RUN_DIR: join(at.path, ".git/msgcode/runs", ran.data.runId, "artifacts"),
			MSGCODE_TASK_FILE: join(at.path, `tasks/${id}.md`),
		});
		expect(seen.get("PWD")).toBe(join(at.path, "worktrees", id));
	});
});

describe("runners that are programs of others", () => {
	test("an agent is called headless in the worktree, and its own word decides", async () => {
		const at = await workspace({ env: standInEnvironment(temporaryFolder()) });
		const good = await addTask(at, "--runner", "claude", "--prompt", "Write the file.");
		const ran = await runOk(at, good);
		expect(ran.data).toMatchObject({
			status: "ok",
			runner: { kind: "claude", version: "2.1.329" },
			usage: { inputTokens: 360, outputTokens: 99, costUsd: 0.0034992 },
		});
		expect(patchedFiles(at, ran)).toEqual(["made.txt"]);
		expect(at.read(`tasks/runs/${good}/${ran.data.runId}/summary.md`)).toContain("Done: wrote made.txt");
		const other = await runOk(at, await addTask(at, "--runner", "codex", "--prompt", "Write the file."));
		expect(patchedFiles(at, other)).toEqual(["made.txt"]);
		expect(JSON.stringify(other.data.runner.argv)).not.toContain(at.path);
		const limited = await addTask(at, "--runner", "claude", "--prompt", "[limit]");
		expect(await run(at, limited)).toMatchObject({
			exitCode: 1,
			data: { status: "error", errorCode: "COOLDOWN", details: { estimated: false } },
		});
	});

	test("a program declared in msgcode.toml runs without a shell, with its prompt on stdin", async () => {
		const toml = `[runners.mine]\nargv = [${JSON.stringify(process.execPath)}, ${JSON.stringify(program("show-call.mjs"))}, "{TASK_ID}", "{WORKSPACE}", "$(id)"]\nstdin = "prompt"\npassEnv = ["MINE_KEY"]\nsuccess = "exit_code"\n`;
		const at = await workspace({ files: { ...CODE, "msgcode.toml": toml } });
		const id = await addTask(at, "--runner", "mine", "--prompt", "The prompt; $(touch executed)");
		const ran = withData(await at.msgcodeWith({ env: { MINE_KEY: "k" } }, "task", "run", id, "--json"));
		expect(ran.exitCode, ran.stdout).toBe(0);
		expect(ran.data.noChanges).toBe(true);
		const said = JSON.parse(readFileSync(join(at.path, ".git/msgcode/runs", ran.data.runId, "stdout.log"), "utf8"));
		expect(said.args).toEqual([id, join(at.path, "worktrees", id), "$(id)"]);
		// It gets its own words first, then where it is; what it was told stays with the run and can be asked for.
		expect(said.stdin).toMatch(/^The prompt; \$\(touch executed\)\n/);
		expect(said.stdin).toContain(`tasks/${id}.md`);
		expect((await at.msgcode("run", "show", "--prompt", ran.data.runId)).stdout.trimEnd()).toBe(said.stdin.trimEnd());
		const sha256 = createHash("sha256").update(said.stdin).digest("hex");
		expect(ran.data.promptSent).toEqual({ sha256, length: Buffer.byteLength(said.stdin) });
		expect(said.env.MINE_KEY).toBe("k");
		expect(said.cwd).toBe(join(at.path, "worktrees", id));
		expect(JSON.stringify(ran.data.runner.argv)).not.toContain(at.path);
	});
});

describe("while a run is at work", () => {
	test("a terminal shows what it does, with the program's control characters made visible", async () => {
		const at = await workspace();
		const id = await shellTask(at, `printf 'one\\033[2Jtwo\\n'; sleep 0.4`, "--check", "sleep 0.2");
		const shown = await at.msgcodeWith({ terminal: 60 }, "task", "run", id);
		expect(shown.exitCode, shown.stderr).toBe(0);
		expect(shown.stderr).toMatch(/run_\w+ started/);
		expect(shown.stderr).toMatch(/\r\S shell: running, 0s {2}one.*two/);
		expect(shown.stderr).toContain("checking sleep 0.2");
		expect(shown.stderr).not.toContain("\u001b[2J");
		// Every line that was drawn fits, and the last one is wiped.
		const drawn = shown.stderr.split("\r").filter((line) => line.includes("shell:"));
		for (const line of drawn) expect(line.replace(/\u001b\[K.*/s, "").length).toBeLessThan(60);
		expect(shown.stderr.slice(shown.stderr.lastIndexOf("shell:"))).toContain("\r\u001b[K");
	});

	test("a pipe gets plain lines, and --quiet gets none", async () => {
		const at = await workspace();
		const id = await shellTask(at, "echo said");
		const piped = await at.msgcode("task", "run", id);
		expect(piped.stderr).toMatch(/^run_\w+ started\n$/);
		expect((await at.msgcode("task", "run", id, "--quiet")).stderr).toBe("");
	});
});

describe("in a workspace in a sub-folder", () => {
	test("the runner works in that folder of the worktree, and the patch is the repository's", async () => {
		const at = await repo({
			files: { "top.txt": "t\n", "packages/a/a.txt": "a\n" },
			workspace: "packages/a",
			ledger: true,
		});
		const id = await shellTask(at, "pwd > where.txt; echo changed > ../../top.txt");
		const ran = await runOk(at, id);
		expect(at.read(`packages/a/worktrees/${id}/packages/a/where.txt`).trim()).toBe(
			join(at.path, "packages/a/worktrees", id, "packages/a"),
		);
		const patch = at.read(`packages/a/${ran.data.patch.path}`);
		expect([...patch.matchAll(/^diff --git a\/(\S+)/gm)].map((found) => found[1])).toEqual([
			"packages/a/where.txt",
			"top.txt",
		]);
		mkdirSync(join(at.path, "sub"), { recursive: true });
		expect(at.git("status", "--porcelain")).toBe("");
	});
});
