// `msgcode backup`: what it keeps can be restored, whole, and an old backup is worth more than a new one that is not proven.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hermeticEnvironment, type Repo, repo, repoAt, temporaryFolder } from "../support/repo.ts";
import { addTask, succeed } from "../support/two-clones.ts";

const SHELL = ["--runner", "shell", "--", "sh", "-c", "echo two >>src/a.txt"];

/** A repository with a task that ran, two branches, two kinds of tags and uncommitted work. */
async function busyPlace(): Promise<{ place: Repo; id: string; runId: string }> {
	const place = await repo({ files: { "src/a.txt": "one\n" }, ledger: true });
	const id = await addTask(place, "Mend it", ...SHELL);
	const { runId } = (await succeed(place, "task", "run", id)).data;
	await succeed(place, "task", "worktree", "rm", id, "--yes");
	place.git("branch", "feature/x", "HEAD~1");
	place.git("tag", "light");
	place.git("tag", "-a", "-m", "annotated", "v1");
	place.git("update-ref", "refs/msgcode/pending/1-abc", "HEAD");
	return { place, id, runId };
}

const refs = (place: Repo) =>
	place.git("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags", "refs/msgcode");

/** Runs the printed commands in a new folder, as a person would. */
function restored(commands: readonly string[]): Repo {
	const home = temporaryFolder();
	const env = hermeticEnvironment(home);
	writeFileSync(join(home, ".gitconfig"), "[user]\n\tname = Else\n\temail = else@example.com\n");
	for (const line of commands) execFileSync("/bin/sh", ["-c", line], { cwd: home, env, stdio: "pipe" });
	return repoAt(join(home, "restored"), home, env);
}

async function expectWhole(copy: Repo, place: Repo, id: string): Promise<void> {
	expect(refs(copy)).toBe(refs(place));
	expect(copy.git("symbolic-ref", "HEAD")).toBe(place.git("symbolic-ref", "HEAD"));
	expect(copy.git("status", "--porcelain")).toBe("");
	copy.git("fsck", "--strict");
	const doctor = await copy.msgcode("doctor", "--json");
	expect([doctor.exitCode, doctor.stdout]).toEqual([0, expect.not.stringContaining("damaged")]);
	const verdicts = [copy, place].map(async (each) => (await succeed(each, "fsck")).data.verdict);
	expect(await Promise.all(verdicts)).toEqual(["ok", "ok"]);
	expect((await succeed(copy, "task", "list")).data).toHaveLength(1);
	await succeed(copy, "task", "apply", id, "--yes");
	expect(copy.read("src/a.txt")).toBe("one\ntwo\n");
}

async function refusal(place: Repo, ...argv: string[]): Promise<{ code: string; message: string; hint: string }> {
	const result = await place.msgcode("backup", ...argv, "--json");
	expect(result.exitCode, result.stdout).not.toBe(0);
	return result.json().error;
}

describe("a backup in a file", () => {
	test("restores to the same branches, tags and refs, a healthy ledger, and an old run that applies", async () => {
		const { place, id } = await busyPlace();
		place.write("loose.txt", "uncommitted\n");
		const { data, warnings } = await succeed(place, "backup", "../it's a copy.bundle");
		const file = join(place.home, "it's a copy.bundle");
		expect(data).toMatchObject({ file, branches: 2, tags: 2, refs: refs(place).split("\n").length });
		expect(data.bytes).toBe(statSync(file).size);
		expect(statSync(file).mode & 0o777).toBe(0o600);
		expect(warnings[0].message).toContain("1 file has uncommitted work");
		expect(readdirSync(place.home).filter((name) => name.startsWith(".msgcode"))).toEqual([]);
		expect(readdirSync(join(place.path, ".git/msgcode")).filter((name) => name.startsWith(".msgcode"))).toEqual([]);
		await expectWhole(restored(data.restore), place, id);
	});

	test("of a detached HEAD restores its commit as well", async () => {
		const place = await repo({ files: { "a.txt": "a\n" }, ledger: true });
		place.git("switch", "--quiet", "--detach");
		const head = place.commitAll("on no branch");
		const { data } = await succeed(place, "backup", "../copy.bundle");
		expect(restored(data.restore).git("rev-parse", "HEAD")).toBe(head);
	});

	test("of a SHA-256 repository is proven as well", async () => {
		const place = await repo({ files: { "a.txt": "a\n" }, ledger: true, init: ["--object-format=sha256"] });
		expect((await succeed(place, "backup", "../copy.bundle")).data.refs).toBe(1);
	});

	test("replaces an older one only when told to, and only by a proven one", async () => {
		const { place } = await busyPlace();
		const file = join(place.home, "copy.bundle");
		writeFileSync(file, "old");
		expect((await refusal(place, "../copy.bundle")).code).toBe("backup_refused");
		expect((await refusal(place, "../copy.bundle", "--dry-run")).code).toBe("backup_refused");
		// An object is missing: the new one cannot be made, or not be proven.
		const blob = place.git("rev-parse", "feature/x:src/a.txt");
		const object = join(place.path, ".git/objects", blob.slice(0, 2), blob.slice(2));
		const kept = readFileSync(object);
		execFileSync("rm", ["-f", object]);
		expect((await refusal(place, "../copy.bundle", "--force")).code).toBe("git_failed");
		expect(readFileSync(file, "utf8")).toBe("old");
		expect(readdirSync(place.home).filter((name) => name.startsWith(".msgcode"))).toEqual([]);
		writeFileSync(object, kept);
		await succeed(place, "backup", "../copy.bundle", "--force");
		expect(readFileSync(file, "utf8")).toMatch(/^# v\d git bundle/);
		await succeed(place, "backup", "../copy.bundle", "--yes");
	});

	/** A git that does something before and after it makes a bundle, whose path is `$file`; `$git` is the real one. */
	function gitThat(place: Repo, before: string, after = "exit"): Readonly<Record<string, string>> {
		const bin = join(place.home, "bin");
		mkdirSync(bin, { recursive: true });
		const real = execFileSync("/bin/sh", ["-c", "command -v git"], { env: place.env }).toString("utf8").trim();
		const script = [
			"#!/bin/sh",
			`git='${real}'`,
			'case " $* " in *" bundle create "*) ;; *) exec "$git" "$@";; esac',
			'for word; do case "$word" in */copy.bundle) file=$word;; esac; done',
			before,
			'"$git" "$@" || exit',
			after,
		];
		writeFileSync(join(bin, "git"), `${script.join("\n")}\n`, { mode: 0o755 });
		return { ...place.env, PATH: `${bin}:${place.env.PATH}` };
	}

	test("a bundle whose header is fine but whose content is not is found out, and the old one stays", async () => {
		const { place } = await busyPlace();
		const file = join(place.home, "copy.bundle");
		writeFileSync(file, "old");
		const env = gitThat(place, ":", 'head -c -40 "$file" >"$file.cut" && mv "$file.cut" "$file"');
		const result = await place.msgcodeWith({ env }, "backup", "../copy.bundle", "--force", "--json");
		expect([result.exitCode, result.json().error.code]).toEqual([1, "git_failed"]);
		expect(readFileSync(file, "utf8")).toBe("old");
		expect(readdirSync(place.home).filter((name) => name.startsWith(".msgcode"))).toEqual([]);
	});

	test("a branch that moves while it is copied is copied again; when that never ends, it is told", async () => {
		const { place } = await busyPlace();
		const once = gitThat(place, '"$git" branch late 2>/dev/null');
		const first = await place.msgcodeWith({ env: once }, "backup", "../copy.bundle", "--json");
		expect([first.exitCode, first.json().data.branches]).toEqual([0, 3]);
		const always = gitThat(place, '"$git" branch "late-$$"');
		const second = await place.msgcodeWith({ env: always }, "backup", "../copy.bundle", "--force", "--json");
		expect(second.json().error.code).toBe("branch_moved");
	});

	test("clears away what a killed backup left beside it, and nothing else", async () => {
		const place = await repo({ files: { "a.txt": "a\n" }, ledger: true });
		const { temporaryName } = await import("../../src/core/temporary-files.ts");
		const dead = temporaryName().replace(`-${process.pid}-`, "-4194999-");
		for (const name of [dead, temporaryName(), ".msgcode-tmp-mine"]) mkdirSync(join(place.home, name));
		await succeed(place, "backup", "../copy.bundle");
		expect(readdirSync(place.home).filter((name) => name.startsWith(".msgcode"))).toHaveLength(2);
		expect(existsSync(join(place.home, dead))).toBe(false);
	});

	test("--dry-run writes nothing", async () => {
		const { place } = await busyPlace();
		expect((await succeed(place, "backup", "../copy.bundle", "--dry-run")).data).toMatchObject({
			dryRun: true,
			branches: 2,
		});
		expect(existsSync(join(place.home, "copy.bundle"))).toBe(false);
	});

	test("places that no backup belongs to are refused", async () => {
		const place = await repo({ files: { "a.txt": "a\n" }, ledger: true });
		for (const target of ["../nowhere/copy.bundle", ".git/copy.bundle", ".", "tasks"]) {
			expect((await refusal(place, target, "--force")).code, target).toBe("backup_refused");
		}
		expect((await refusal(place)).code).toBe("usage");
		expect((await refusal(place, "../copy.bundle", "--remote", "origin")).code).toBe("usage");
	});

	test("a shallow clone, a partial clone and a repository without a commit are refused", async () => {
		const { place } = await busyPlace();
		const bare = join(place.home, "bare.git");
		place.git("clone", "--quiet", "--bare", ".", bare);
		execFileSync("git", ["-C", bare, "config", "uploadpack.allowFilter", "true"]);
		for (const [flag, word] of [
			["--depth=1", "shallow"],
			["--filter=blob:none", "partial"],
		] as const) {
			const folder = join(place.home, word);
			place.git("clone", "--quiet", flag, `file://${bare}`, folder);
			const error = await refusal(repoAt(folder, place.home, place.env), "../copy.bundle");
			expect([error.code, error.message]).toEqual(["backup_refused", expect.stringContaining(word)]);
		}
		const empty = await repo();
		empty.write("tasks/ledger.json", '{"schemaVersion": 1, "uid": "wsp_0123456789abcdef"}\n');
		expect((await refusal(empty, "../copy.bundle")).message).toContain("no commit yet");
		expect(existsSync(join(place.home, "copy.bundle"))).toBe(false);
	});
});

describe("a backup on a remote", () => {
	async function withRemote(): Promise<{
		place: Repo;
		id: string;
		runId: string;
		remote: (...args: string[]) => string;
		path: string;
	}> {
		const busy = await busyPlace();
		const path = join(busy.place.home, "remote.git");
		busy.place.git("init", "--quiet", "--bare", "--initial-branch=main", path);
		busy.place.git("remote", "add", "origin", path);
		busy.place.git("push", "--quiet", "-u", "origin", "main");
		const remote = (...args: string[]) => execFileSync("git", args, { cwd: path }).toString("utf8").trim();
		return { ...busy, remote, path };
	}

	test("restores like a file does, touches no branch there, and follows what moves", async () => {
		const { place, id, remote } = await withRemote();
		const branches = remote("for-each-ref", "refs/heads", "refs/tags", "refs/msgcode");
		const { data } = await succeed(place, "backup", "--remote", "origin", "--yes");
		expect(remote("for-each-ref", "refs/heads", "refs/tags", "refs/msgcode")).toBe(branches);
		expect(data.namespace).toMatch(/^refs\/msgcode-backup\/[0-9a-f]{12}$/);
		await expectWhole(restored(data.restore), place, id);

		place.git("branch", "--force", "feature/x", "HEAD");
		place.git("commit", "--quiet", "--amend", "--no-edit", "--allow-empty");
		place.git("branch", "-D", "--quiet", "feature/x");
		const again = (await succeed(place, "backup", "--remote", "origin", "--yes")).data;
		expect(again.namespace).toBe(data.namespace);
		expect(remote("rev-parse", `${data.namespace}/heads/main`)).toBe(place.git("rev-parse", "main"));
		// What is gone here is not taken away there.
		expect(remote("for-each-ref", "--format=%(refname)", `${data.namespace}/heads`)).toContain("feature/x");
		expect(remote("for-each-ref", "refs/heads", "refs/tags", "refs/msgcode")).toBe(branches);
	});

	test("two clones have a namespace each", async () => {
		const { place, remote, path } = await withRemote();
		const other = repoAt(join(place.home, "other"), place.home, place.env);
		place.git("clone", "--quiet", path, other.path);
		for (const clone of [place, other]) await succeed(clone, "backup", "--remote", "origin", "--yes");
		const names = remote("for-each-ref", "--format=%(refname)", "refs/msgcode-backup").split("\n");
		expect(new Set(names.map((name) => name.split("/")[2])).size).toBe(2);
	});

	test("asks first, and --dry-run only tells", async () => {
		const { place, remote } = await withRemote();
		expect((await refusal(place, "--remote", "origin")).code).toBe("confirmation_required");
		await succeed(place, "backup", "--remote", "origin", "--dry-run");
		expect(remote("for-each-ref", "refs/msgcode-backup")).toBe("");
	});

	test("a result in which a secret was found stays here and is named", async () => {
		const { place, remote } = await withRemote();
		const secret = `AKIA${"IOSFODNN7"}ZZZZZZZ`;
		const id = await addTask(
			place,
			"Leak",
			"--runner",
			"shell",
			"--",
			"sh",
			"-c",
			`echo 'aws_access_key_id = ${secret}' >key.txt`,
		);
		const run = await place.msgcode("task", "run", id, "--json");
		const { runId, patch } = run.json().data;
		expect(patch.withheld).toBe("secret");
		const { data, warnings } = await succeed(place, "backup", "--remote", "origin", "--yes");
		expect(data.withheld).toEqual([`refs/heads/msgcode/${id}/${runId}`, `refs/msgcode/runs/${runId}`]);
		expect(warnings.some(({ code }: { code: string }) => code === "secret_withheld")).toBe(true);
		expect(remote("for-each-ref", "--format=%(refname)")).not.toContain(runId);
	});

	test("a remote that refuses, is not there, or is a flag in disguise", async () => {
		const { place, path } = await withRemote();
		writeFileSync(join(path, "hooks/pre-receive"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
		expect((await refusal(place, "--remote", "origin", "--yes")).message).toContain("pre-receive hook declined");
		expect((await refusal(place, "--remote=--upload-pack=touch owned", "--yes")).code).toBe("input_invalid");
		place.git("remote", "add", "far", "http://user:hunter2@127.0.0.1:9/x.git");
		for (const remote of ["far", "http://user:hunter2@127.0.0.1:9/x.git?access_token=hunter2"]) {
			const result = await place.msgcode("backup", "--remote", remote, "--yes", "--json");
			expect([result.exitCode, result.json().error.code]).toEqual([1, "remote_failed"]);
			expect(result.stdout + result.stderr).not.toContain("hunter2");
			expect((await place.msgcode("backup", "--remote", remote, "--dry-run")).stdout).not.toContain("hunter2");
		}
		expect(place.exists("owned")).toBe(false);
	});
});
