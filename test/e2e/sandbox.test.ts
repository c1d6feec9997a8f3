// runner.sandbox: what a run cannot write in it, what it still can, and that nothing runs where it is not there.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, test } from "vitest";
import { processesOf } from "../support/crash.ts";
import { type Repo, repo } from "../support/repo.ts";

const tried = spawnSync("bwrap", ["--ro-bind", "/", "/", "--proc", "/proc", "--unshare-pid", "true"]);
const bubblewrap = tried.status === 0;
if (!bubblewrap) console.log(`skipped: bubblewrap does not work here (${tried.error?.message ?? tried.stderr})`);

async function workspace(sandbox: string, env: Record<string, string> = {}): Promise<Repo> {
	const at = await repo({
		files: { "app.txt": "one\n" },
		ledger: true,
		env: { MSGCODE_RUNNER_SANDBOX: sandbox, ...env },
	});
	writeFileSync(join(at.env.HOME as string, "own.txt"), "mine\n");
	return at;
}

async function addScript(at: Repo, script: string, ...flags: string[]): Promise<string> {
	const added = await at.msgcode(
		"task",
		"add",
		"Sample",
		"--json",
		"--runner",
		"shell",
		...flags,
		"--",
		"sh",
		"-c",
		script,
	);
	expect(added.exitCode, added.stdout).toBe(0);
	return added.json().data.id;
}

/** A folder for PATH with the named programs of this machine, and others written here. */
function programs(at: Repo, names: readonly string[], scripts: Readonly<Record<string, string>> = {}): string {
	const folder = join(at.home, "programs");
	mkdirSync(folder, { recursive: true });
	for (const name of names) {
		const found = (process.env.PATH ?? "").split(delimiter).find((one) => existsSync(join(one, name)));
		symlinkSync(join(found as string, name), join(folder, name));
	}
	for (const [name, text] of Object.entries(scripts)) {
		writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
		chmodSync(join(folder, name), 0o755);
	}
	return folder;
}

function nothingRan(at: Repo): void {
	expect(readdirSync(join(at.path, "tasks")).includes("runs")).toBe(false);
	expect(at.exists("worktrees")).toBe(false);
	expect(existsSync(join(at.path, ".git/msgcode/runs"))).toBe(false);
}

describe("where the sandbox that is asked for is not usable, the run is refused and nothing runs", () => {
	test.each(["bubblewrap", "systemd-run"])("%s is not installed", async (sandbox) => {
		const at = await workspace(sandbox);
		const id = await addScript(at, "echo made > made.txt");
		const path = programs(at, ["git", "sh", "node"]);
		const ran = await at.msgcodeProcessWith({ env: { PATH: path } }, "task", "run", id, "--json");
		expect(ran.exitCode, ran.stdout).toBe(1);
		expect(ran.json().error).toMatchObject({ code: "sandbox_unavailable", details: { sandbox, outcome: "not_found" } });
		expect(ran.json().error.message).toContain("not installed");
		nothingRan(at);
	});

	test("a trial of it fails", async () => {
		const at = await workspace("bubblewrap");
		const id = await addScript(at, "echo made > made.txt");
		const path = programs(at, ["git", "sh", "node"], {
			bwrap: "echo 'No permissions to create a namespace' >&2; exit 1",
		});
		const ran = await at.msgcodeProcessWith({ env: { PATH: path } }, "task", "run", id, "--json");
		expect(ran.json().error).toMatchObject({ code: "sandbox_unavailable", details: { exitCode: 1 } });
		expect(ran.json().error.message).toContain("No permissions to create a namespace");
		nothingRan(at);
	});
});

describe.runIf(bubblewrap)("bubblewrap", () => {
	test("lets a run write its worktree, commit there and use a /tmp of its own, and nothing else", async () => {
		const at = await workspace("bubblewrap");
		const id = await addScript(
			at,
			[
				'try() { if (eval "$2") 2>/dev/null; then echo "$1" >> made.txt; fi; }',
				"try worktree 'true'",
				'try checkout "echo bad >> $MSGCODE_WORKSPACE/app.txt"',
				'try ledger "echo bad > $MSGCODE_WORKSPACE/tasks/bad"',
				'try approvals "mkdir -p $MSGCODE_WORKSPACE/.git/msgcode/approvals/bad"',
				'try config "git config user.name bad"',
				'try hook "echo bad > $MSGCODE_WORKSPACE/.git/hooks/pre-commit"',
				'try branch "git branch other"',
				'try home "echo bad > $HOME/own.txt"',
				'try other-tmp "ls /tmp/*/*/own.txt | grep -v $HOME"',
				'try artifacts "echo kept > $MSGCODE_RUN_DIR/kept"',
				'try tmp "echo x > /tmp/x && echo x > $TMPDIR/y"',
				'try read "cat $HOME/own.txt"',
				'try commit "git add -A && git commit -qm work && git log -1"',
				"try alone '[ $(ls -d /proc/[0-9]* | wc -l) -lt 12 ]'",
			].join("\n"),
		);
		const ran = await at.msgcodeProcess("task", "run", id, "--json");
		expect(ran.exitCode, ran.stdout).toBe(0);
		const { data } = ran.json();
		expect(data).toMatchObject({ status: "ok", runner: { sandbox: "bubblewrap" }, warnings: [] });
		const did = at.read(data.patch.path).match(/^\+[a-z-]+$/gm);
		expect(did).toEqual(["worktree", "artifacts", "tmp", "read", "commit", "alone"].map((word) => `+${word}`));
		expect(readFileSync(join(at.env.HOME as string, "own.txt"), "utf8")).toBe("mine\n");
		expect(at.read("app.txt")).toBe("one\n");
		expect(processesOf(at)).toEqual([]);
	});

	test("holds for the checks too", async () => {
		const at = await workspace("bubblewrap");
		const id = await addScript(at, "echo made > made.txt", "--check", `touch '${at.path}/bad'`);
		const ran = await at.msgcodeProcess("task", "run", id, "--json");
		expect(ran.json().data).toMatchObject({ status: "error", errorCode: "CHECKS_FAILED" });
		expect(at.exists("bad")).toBe(false);
	});

	test("in the checkout itself leaves the repository and the worktrees of others alone", async () => {
		const at = await workspace("bubblewrap");
		const id = await addScript(at, "echo made > made.txt; git add -A; echo bad > .git/HEAD");
		const ran = await at.msgcodeProcess("task", "run", id, "--in-place", "--json");
		expect(ran.json().data).toMatchObject({ status: "error", errorCode: "RUNNER_FAILED" });
		expect(at.git("status", "--porcelain")).toBe("?? made.txt");
	});

	test("keeps the classes of failure: missing, and ended in time with a polite signal, nothing left", async () => {
		const at = await workspace("bubblewrap");
		const missing = (await at.msgcode("task", "add", "M", "--json", "--runner", "shell", "--", "no-such")).json().data
			.id;
		expect((await at.msgcodeProcess("task", "run", missing, "--json")).json().data).toMatchObject({
			errorCode: "RUNNER_NOT_FOUND",
		});
		const slow = await addScript(
			at,
			"setsid env -i sleep 98765 & trap 'echo polite > said.txt; exit 0' INT; while :; do sleep 0.1; done",
		);
		const ran = await at.msgcodeProcess("task", "run", slow, "--timeout", "1s", "--json");
		expect(ran.json().data).toMatchObject({ status: "timeout", errorCode: "RUN_TIMEOUT" });
		expect(at.read(ran.json().data.patch.path)).toContain("+polite");
		expect(processesOf(at)).toEqual([]);
		expect(sleepers()).toBe(0);
	});
});

describe("systemd-run", () => {
	test("gets every folder by name and every variable without its value", async () => {
		const at = await workspace("systemd-run", { MSGCODE_ENV_ALLOW: "MY_TOKEN" });
		const calls = join(at.home, "calls");
		const pretend = `printf '%s\\n' "$@" >> '${calls}'; while [ "$1" != -- ]; do shift; done; shift; exec "$@"`;
		const path = programs(at, ["git", "sh", "node", "env"], { "systemd-run": pretend });
		const id = await addScript(at, "env > made.txt");
		const ran = await at.msgcodeProcessWith(
			{ env: { PATH: `${path}${delimiter}${process.env.PATH}`, MY_TOKEN: "very-secret" } },
			...["task", "run", id, "--json"],
		);
		expect(ran.json().data).toMatchObject({ status: "ok", runner: { sandbox: "systemd-run" } });
		const lines = readFileSync(calls, "utf8");
		expect(lines).toContain("--setenv\nMY_TOKEN\n");
		expect(lines).toContain("--setenv\nMSGCODE_RUN_ID\n");
		expect(lines).toContain("ProtectSystem=strict");
		expect(lines).toContain(`ReadWritePaths="${at.path}/worktrees/${id}"`);
		expect(lines).not.toContain("very-secret");
		expect(at.read(ran.json().data.patch.path)).toContain("+MY_TOKEN=very-secret");
	});
});

/** Processes of the kind that one of the tests leaves behind. */
function sleepers(): number {
	return readdirSync("/proc").filter((pid) => {
		try {
			return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("98765");
		} catch {
			return false;
		}
	}).length;
}
