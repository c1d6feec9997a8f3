import { mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { identityOf, ownIdentity } from "../../src/core/process-identity.ts";
import { checkLocks } from "../../src/ledger/health.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { AGENT_VERSIONS, fakePrograms } from "../support/fake-programs.ts";
import { localModel } from "../support/local-model.ts";
import { type Repo, repo, temporaryFolder } from "../support/repo.ts";
import { addTask, succeed } from "../support/two-clones.ts";

interface Check {
	name: string;
	status: string;
	message: string;
	hint: string | null;
	details: { findings?: { message: string; severity: string }[] } & Record<string, unknown>;
}

const NAMES = ["node", "git", "workspace", "ledger", "locks", "pending", "claims", "worktrees", "runners", "trust"];

async function doctor(
	place: Repo,
	cwd?: string,
): Promise<{ exitCode: number; check: (name: string) => Check; all: Check[] }> {
	const result = await place.msgcodeWith(cwd === undefined ? {} : { cwd }, "--json", "doctor");
	const all: Check[] = result.json().data;
	const check = (name: string) => {
		const found = all.find((one) => one.name === name);
		if (found === undefined) throw new Error(`no check ${name} in ${JSON.stringify(all)}`);
		return found;
	};
	return { exitCode: result.exitCode, check, all };
}

/** A pid that belongs to no process. */
function deadPid(): number {
	let pid = 4_000_000;
	while (identityOf(pid) !== null) pid -= 1;
	return pid;
}

describe("doctor", () => {
	test("names a record that contradicts itself, as fsck does", async () => {
		const place = await repo({ ledger: true });
		const id = await addTask(place, "Contradicts itself");
		place.write(`tasks/${id}.json`, place.read(`tasks/${id}.json`).replace('"open"', '"done"'));
		const { exitCode, check } = await doctor(place);
		expect(exitCode).toBe(7);
		expect(check("ledger")).toMatchObject({ status: "error", message: `${id} is done and not closed.` });
	});

	test("takes the two lines of a released patch for what they are", async () => {
		const place = await repo({ files: { "a.txt": "a\n" }, ledger: true });
		const id = await addTask(place, "Says too much");
		const secret = ["AKIA", "Q3EGRIKLTZ5XBOVN"].join("");
		const ran = await place.msgcode("task", "run", id, "--json", "--", "sh", "-c", `echo ${secret} >key.txt`);
		await succeed(place, "run", "allow-secret", ran.json().data.runId, "--yes");
		expect((await doctor(place)).check("ledger").status).toBe("ok");
	});

	test("a sound workspace: every check by its name, all well, exit 0, nothing written", async () => {
		const place = await repo({ files: { "a.txt": "a\n" }, ledger: true });
		const id = await addTask(place, "A task", "--runner", "shell", "--", "true");
		await succeed(place, "task", "run", id, "--in-place");
		const before = place.git("status", "--porcelain") + place.git("for-each-ref");
		const { exitCode, all } = await doctor(place);
		expect(exitCode).toBe(0);
		expect(all.map(({ name }) => name)).toEqual(NAMES);
		expect(all.filter(({ status }) => status !== "ok")).toEqual([]);
		for (const check of all) expect(Object.keys(check)).toEqual(["name", "status", "message", "hint", "details"]);
		expect(place.git("status", "--porcelain") + place.git("for-each-ref")).toBe(before);
		const text = await place.msgcode("doctor");
		for (const name of NAMES) expect(text.stdout).toMatch(new RegExp(`^ok +${name} `, "m"));
	});

	test("outside a workspace it checks what it can: git and node, exit 3", async () => {
		const place = await repo({ files: { "a.txt": "a\n" } });
		const outside = temporaryFolder();
		for (const folder of [place.path, outside, join(outside, "missing")]) {
			const { exitCode, all, check } = await doctor(place, folder);
			expect(exitCode).toBe(3);
			expect(all.map(({ name }) => name)).toEqual(["node", "git", "workspace"]);
			expect(check("git").status).toBe("ok");
			expect(check("workspace").hint).not.toBeNull();
		}
	});

	test("git without an identity is an error of the environment, exit 1", async () => {
		const place = await repo({ ledger: true });
		writeFileSync(join(place.home, ".gitconfig"), "[user]\n\tuseConfigOnly = true\n");
		const { exitCode, check } = await doctor(place);
		expect([exitCode, check("git").status]).toEqual([1, "error"]);
		expect(check("git").hint).toContain("user.name");
	});

	test("a damaged marker and bad settings are told as the workspace's, without an exception", async () => {
		const place = await repo({ ledger: true });
		place.write("msgcode.toml", "[ledger]\ncommit = 3\n");
		const settings = await doctor(place);
		expect([settings.exitCode, settings.check("workspace").status]).toEqual([1, "error"]);
		place.write("tasks/ledger.json", "{");
		const marker = await doctor(place);
		expect([marker.exitCode, marker.check("workspace").details.code]).toEqual([7, "ledger_damaged"]);
	});

	test("damaged ledger data: each finding with file and line, exit 7, other tasks counted", async () => {
		const place = await repo({ ledger: true });
		const good = await addTask(place, "Good");
		const bad = await addTask(place, "Bad");
		place.write(`tasks/${bad}.md`, "---\ntitle: [\n---\n");
		place.write("tasks/tsk_ABCDEFGH12.md", "# Upper case\n");
		place.write("tasks/tsk_abcdefgh12.md", "# Lower case\n");
		const { exitCode, check } = await doctor(place);
		expect([exitCode, check("ledger").status]).toEqual([7, "error"]);
		const messages = (check("ledger").details.findings ?? []).map(({ message }) => message).join("\n");
		expect(messages).toMatch(new RegExp(`tasks/${bad}\\.md:\\d+: `));
		expect(messages).toContain("tsk_ABCDEFGH12.md is no task file: an id is in lower case, and tsk_abcdefgh12.md");
		expect(messages).not.toContain(good);
		expect(check("ledger").details).toMatchObject({ tasks: 3, broken: [bad] });
		expect((await place.msgcode("doctor")).stdout).toMatch(/^error +ledger /m);
	});

	test("runs.jsonl: repeated lines are folded, torn and foreign ones warned of, contradictions are damage", async () => {
		const place = await repo({ ledger: true });
		const id = await addTask(place, "Run me", "--runner", "shell", "--", "true");
		for (let run = 0; run < 2; run += 1) await succeed(place, "task", "run", id, "--in-place");
		const [first = "", second = ""] = place.read("tasks/runs.jsonl").trim().split("\n");
		const ledgerOf = async (text: string) => {
			place.write("tasks/runs.jsonl", text);
			const { exitCode, check } = await doctor(place);
			return { exitCode, ...check("ledger") };
		};
		const repeated = await ledgerOf(`${first}\n${second}\n${first}\n`);
		expect([repeated.status, repeated.details.repeatedLines]).toEqual(["ok", 1]);
		expect(await ledgerOf(`${first}\n${second.slice(0, 50)}`)).toMatchObject({ exitCode: 0, status: "warning" });
		const contradicted = await ledgerOf(`${first}\n${second}\n${first.replace('"ok"', '"error"')}\n`);
		expect([contradicted.exitCode, contradicted.status]).toEqual([7, "error"]);
		const lost = await ledgerOf(`${first}\n`);
		expect(lost.message).toContain("has a folder, but no line");
		rmSync(join(place.path, "tasks/runs"), { recursive: true });
		const gone = await ledgerOf(`${first}\n${second}\n`);
		expect([gone.status, gone.details.findings?.length]).toEqual(["warning", 2]);
	});

	test("an index.json that lies, a missing parent, missing lines of init", async () => {
		const place = await repo({ ledger: true });
		const parent = "tsk_0000000001";
		const id = await addTask(place, "Honest");
		place.write(`tasks/${id}.md`, place.read(`tasks/${id}.md`).replace("dependsOn: []", `dependsOn: [${parent}]`));
		await place.msgcode("task", "list");
		// An index keeps an entry only once its file is old enough to be believed.
		await expect
			.poll(async () => {
				await place.msgcode("task", "list");
				const { freshness } = JSON.parse(place.read("tasks/index.json"));
				return Buffer.from(freshness, "base64").readDoubleLE(0);
			})
			.not.toBeNaN();
		place.write("tasks/index.json", place.read("tasks/index.json").replaceAll('"Honest"', '"A lie."'));
		place.write("tasks/.gitattributes", "");
		place.write(".git/info/exclude", "");
		const { exitCode, check } = await doctor(place);
		expect(exitCode).toBe(0);
		const messages = (check("ledger").details.findings ?? []).map(({ message }) => message).join("\n");
		expect(messages).toContain(`${id} depends on ${parent}, which is not here.`);
		expect(messages).toContain("tasks/index.json does not agree with the files");
		expect(check("workspace")).toMatchObject({
			status: "warning",
			hint: expect.stringContaining("msgcode doctor --fix"),
		});
		expect(check("workspace").details.findings).toHaveLength(2);
		await succeed(place, "init");
		expect((await doctor(place)).check("workspace").status).toBe("ok");
	});

	test("locks: a live holder is no fault; an index.lock is named with its age", async () => {
		const place = await repo({ ledger: true });
		const state = join(place.path, ".git/msgcode");
		const holder = { ...ownIdentity(), owner: "x", command: "task add", acquiredAtMs: Date.now(), leaseUntilMs: 0 };
		writeFileSync(join(state, "ledger.lock"), JSON.stringify(holder));
		const alive = (await doctor(place)).check("locks");
		expect(alive).toMatchObject({ status: "ok", details: { held: [{ command: "task add", abandoned: false }] } });
		rmSync(join(state, "ledger.lock"));
		place.git("switch", "--quiet", "--detach"); // nothing of this may depend on a branch
		writeFileSync(join(place.path, ".git/index.lock"), "");
		const locked = (await doctor(place)).check("locks");
		expect([locked.status, locked.message]).toEqual(["warning", expect.stringContaining("index.lock has been there")]);
		expect(locked.hint).not.toMatch(/\brm\b/);
	});

	test("locks: what a killed command left, while nothing has seen to it yet", async () => {
		const stateDir = temporaryFolder();
		const workspace = { stateDir, gitDir: temporaryFolder(), tasksDir: temporaryFolder() };
		const holder = {
			...ownIdentity(),
			pid: deadPid(),
			owner: "x",
			command: "task add",
			acquiredAtMs: 1,
			leaseUntilMs: 2,
		};
		writeFileSync(join(stateDir, "ledger.lock"), JSON.stringify(holder));
		utimesSync(join(stateDir, "ledger.lock"), 1, 1);
		writeFileSync(join(stateDir, "journal.json"), "{}");
		const leftover = join(workspace.tasksDir, ".msgcode-tmp-1-0badc0de-0badcafe");
		writeFileSync(leftover, "");
		utimesSync(leftover, 1, 1);
		writeFileSync(join(workspace.tasksDir, ".msgcode-tmp-1-0badc0de-fresh"), "");
		const check = await checkLocks({ workspace, now: Date.now } as unknown as Ledger);
		expect(check.status).toBe("warning");
		expect(check.details).toMatchObject({
			held: [{ abandoned: true }],
			journals: ["journal.json"],
			leftovers: [leftover],
		});
		expect(check.details.findings).toHaveLength(3);
	});

	test("pending results: what waits, why, since when; a file that cannot be read is damage", async () => {
		const place = await repo({ files: { "a.txt": "1\n" }, ledger: true });
		place.git("branch", "side");
		for (const [branch, text] of [
			["side", "2\n"],
			["main", "3\n"],
		] as const) {
			place.git("switch", "--quiet", branch);
			place.write("a.txt", text);
			place.git("commit", "--quiet", "-am", branch);
		}
		// The merge begins while the run is under way, so that the run's end finds git busy.
		const merge = `git -C '${place.path}' merge side >/dev/null || true`;
		const id = await addTask(place, "Run me", "--runner", "shell", "--", "sh", "-c", merge);
		await succeed(place, "task", "run", id, "--in-place");
		const { exitCode, check } = await doctor(place);
		expect(check("git")).toMatchObject({
			status: "warning",
			message: expect.stringContaining("git merge is in progress"),
		});
		expect(check("pending")).toMatchObject({ status: "warning", details: { results: [{ op: "run", taskId: id }] } });
		expect(exitCode).toBe(0);
		writeFileSync(join(place.path, ".git/msgcode/pending/1-x.json"), "{");
		const damaged = await doctor(place);
		expect([damaged.exitCode, damaged.check("pending").status]).toEqual([7, "error"]);
	});

	test("claims: one of another host is live until its lease ends, one that cannot be read is damage", async () => {
		const place = await repo({ ledger: true });
		const id = await addTask(place, "Claimed");
		const folder = join(place.path, ".git/msgcode/claims");
		mkdirSync(folder, { recursive: true });
		const identity = { ...ownIdentity(), host: "elsewhere", pid: deadPid() };
		const claim = {
			schemaVersion: 1,
			taskId: id,
			runId: "run_20260102T030405Z_0badcafe",
			owner: "x",
			attempt: 1,
			identity,
		};
		const rest = { leaseUntilMs: Date.now() + 60_000, startedAtMs: Date.now(), phase: "running", mode: "in-place" };
		writeFileSync(join(folder, `${id}.json`), JSON.stringify({ ...claim, ...rest }));
		const { check } = await doctor(place);
		expect(check("claims")).toMatchObject({
			status: "ok",
			message: "1 live run",
			details: { claims: [{ owner: "unknown" }] },
		});
		writeFileSync(join(folder, "tsk_0000000001.json"), "{");
		const damaged = await doctor(place);
		expect([damaged.exitCode, damaged.check("claims").status]).toEqual([7, "error"]);
	});

	test("worktrees: recorded work is well; unknown, gone and foreign folders are named", async () => {
		const place = await repo({ files: { "a.txt": "a\n" }, ledger: true });
		const id = await addTask(place, "Run me", "--runner", "shell", "--", "sh", "-c", "echo b > b.txt");
		await succeed(place, "task", "run", id);
		const sound = (await doctor(place)).check("worktrees");
		expect(sound).toMatchObject({
			status: "ok",
			details: { worktrees: [{ taskId: id, recordedBy: expect.stringMatching(/^run_/) }] },
		});
		mkdirSync(join(place.path, "worktrees/tsk_0000000001"));
		place.git("worktree", "add", "--quiet", "--detach", "worktrees/tsk_0000000002");
		rmSync(join(place.path, "worktrees", id), { recursive: true });
		place.git("worktree", "unlock", `worktrees/${id}`);
		const { check } = await doctor(place);
		const messages = (check("worktrees").details.findings ?? []).map(({ message }) => message).sort();
		expect(messages).toEqual([
			`The folder of worktrees/${id} is gone, git's record of it is not.`,
			"worktrees/tsk_0000000001 is no worktree that git knows.",
			"worktrees/tsk_0000000002 belongs to no task here.",
		]);
	});

	test("held tasks are counted, and what would approve them is named", async () => {
		const place = await repo({ ledger: true });
		place.write("tasks/tsk_0000000001.md", "---\ntitle: Pulled\n\nrunner:\n  kind: shell\n  args: [touch, ran]\n---\n");
		place.commitAll("from somebody");
		const { exitCode, check } = await doctor(place);
		expect(exitCode).toBe(0);
		expect(check("trust")).toMatchObject({ status: "warning", hint: "msgcode task approve tsk_0000000001" });
		expect(place.exists("ran")).toBe(false);
	});
});

describe("runners in doctor", () => {
	test("nothing that msgcode.toml names is executed, not even in a shipped runner's name", async () => {
		const place = await repo({ ledger: true });
		place.write("evil.sh", { executable: "#!/bin/sh\ntouch ran\n" });
		const evil = join(place.path, "evil.sh");
		place.write(
			"msgcode.toml",
			`[runners.lmstudio]\nargv = ["${evil}"]\n[runners.mine]\nargv = ["${evil}"]\n[runners.gone]\nargv = ["no-such-program-here"]\n[runners.near]\nargv = ["./evil.sh"]\n`,
		);
		const { check, exitCode } = await doctor(place);
		const runners = check("runners").details.runners as { id: string; installed: string }[];
		expect(Object.fromEntries(runners.map(({ id, installed }) => [id, installed]))).toMatchObject({
			lmstudio: "yes",
			gone: "no",
			mine: "yes",
			near: "unknown",
			shell: "yes",
		});
		expect([place.exists("ran"), place.exists(".git/ran")]).toEqual([false, false]);
		expect(check("runners")).toMatchObject({
			status: "warning",
			message: "The program of the runner gone is not installed.",
		});
		expect(exitCode).toBe(0);
		place.write("msgcode.toml", '[runner]\ndefault = "gone"\n[runners.gone]\nargv = ["no-such-program-here"]\n');
		expect((await doctor(place)).exitCode).toBe(1);
	});

	test("runner.default = auto is an error where none works, and well where one does", async () => {
		const place = await repo({ ledger: true });
		place.write("msgcode.toml", '[runner]\ndefault = "auto"\n');
		const runners = async (PATH: string, LMSTUDIO_BASE_URL = "http://127.0.0.1:9") => {
			const { exitCode, json } = await place.msgcodeWith({ env: { PATH, LMSTUDIO_BASE_URL } }, "doctor", "--json");
			return { exitCode, check: json().data.find(({ name }: { name: string }) => name === "runners") };
		};
		const none = await runners("/usr/bin:/bin");
		expect([none.exitCode, none.check.status]).toEqual([1, "error"]);
		expect(none.check.message).toMatch(
			/^None of the runners that auto chooses from works here: claude is not installed;/,
		);
		const one = await runners(`${fakePrograms({ codex: AGENT_VERSIONS.codex })}:/usr/bin:/bin`);
		expect([one.exitCode, one.check.status]).toEqual([0, "ok"]);
		const { url } = await localModel();
		expect((await runners("/usr/bin:/bin", url)).check.status).toBe("ok");
	});
});
