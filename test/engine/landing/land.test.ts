// Landing a run: only the run's own delta, nothing of the user's, one proven commit, or nothing at all.
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Files, type Repo, repo } from "../../support/repo.ts";
import { expectCheckoutIsHead, type Scene, sceneIn, treeOfCheckout } from "../../support/run-patch.ts";

const twenty = Array.from({ length: 20 }, (_, line) => `line ${line + 1}`);
const text = (changes: Record<number, string> = {}) =>
	`${twenty.map((line, at) => changes[at + 1] ?? line).join("\n")}\n`;

const project: Files = {
	"a.txt": text(),
	"b.txt": "b\n",
	"dir/c.txt": "c\n",
	"run.sh": { executable: "#!/bin/sh\n" },
	".gitignore": "*.log\n",
};

async function scene(files: Files = project): Promise<Scene> {
	return sceneIn(await repo({ files, ledger: true }));
}

/** All that a refused command must leave alone: every index entry with its stat data, HEAD, and the files. */
function everything(made: Repo): string[] {
	return [
		made.git("rev-parse", "HEAD"),
		made.git("ls-files", "--stage", "--debug"),
		made.git("status", "--porcelain", "--ignored"),
		treeOfCheckout(made),
		made.git("for-each-ref"),
	];
}

async function refused(
	made: Repo,
	taskId: string,
	...flags: string[]
): Promise<{ code: string; details: Record<string, unknown> }> {
	const before = everything(made);
	const result = await made.msgcode("task", "apply", taskId, "--yes", "--json", ...flags);
	expect(everything(made)).toEqual(before);
	expect(made.exists(".git/msgcode/journal.json")).toBe(false);
	return result.json().error;
}

describe("the user's own work", () => {
	test("staged, edited, untracked and ignored files elsewhere stay as they are, to the byte of the index", async () => {
		const {
			repo: made,
			run,
			taskId,
		} = await scene({ ...project, "staged.txt": "1\n", "edited.txt": "1\n", "gone.txt": "1\n" });
		await run("echo landed >> b.txt && chmod -x run.sh && rm dir/c.txt && echo new > new.txt");
		made.writeAll({
			"staged.txt": "2\n",
			"edited.txt": "2\n",
			"fresh.txt": "f\n",
			"x.log": "log\n",
			"added.txt": "a\n",
		});
		made.git("add", "staged.txt", "added.txt");
		made.git("rm", "--quiet", "gone.txt");
		made.write("staged.txt", "3\n");
		const others = () =>
			["staged.txt", "edited.txt", "gone.txt", "added.txt", "a.txt"].map((path) =>
				made.git("ls-files", "-s", "--debug", path),
			);
		const before = { entries: others(), staged: made.git("diff", "--cached", "--name-status") };
		const landed = await made.msgcode("task", "apply", taskId, "--yes", "--json");
		expect(landed.exitCode, landed.stdout).toBe(0);
		expect(others()).toEqual(before.entries);
		expect(made.git("diff", "--cached", "--name-status")).toBe(before.staged);
		expect(made.git("status", "--porcelain")).toBe(
			"A  added.txt\n M edited.txt\nD  gone.txt\nMM staged.txt\n?? fresh.txt",
		);
		expect(made.read("x.log")).toBe("log\n");
		made.git("commit", "--quiet", "-m", "mine");
		expect(made.git("show", "--format=", "--name-status", "HEAD")).toBe("A\tadded.txt\nD\tgone.txt\nM\tstaged.txt");
	});

	test("whatever of it is in the way is named, all at once, and nothing happens", async () => {
		const tracked = ["edited", "staged", "removed", "absent", "mode", "hidden"];
		const files = Object.fromEntries(tracked.map((name) => [`${name}.txt`, "1\n"]));
		const { repo: made, run, taskId } = await scene({ ...project, ...files });
		await run(`
			for name in edited staged absent mode hidden; do echo run >> $name.txt; done
			rm removed.txt .gitignore && rm -r dir && echo run > dir
			echo run > untracked.txt && echo run > ignored.log && echo run > announced.txt && echo run > folder
			mkdir blocked linked && echo run > blocked/x.txt && echo run > linked/x.txt
		`);
		made.writeAll({ "edited.txt": "mine\n", "staged.txt": "mine\n", "removed.txt": "mine\n" });
		made.git("add", "staged.txt");
		made.write("staged.txt", "1\n");
		rmSync(join(made.path, "absent.txt"));
		chmodSync(join(made.path, "mode.txt"), 0o755);
		made.git("update-index", "--assume-unchanged", "hidden.txt");
		made.writeAll({
			"hidden.txt": "mine\n",
			"untracked.txt": "mine\n",
			"ignored.log": "mine\n",
			"announced.txt": "mine\n",
		});
		made.git("add", "--intent-to-add", "announced.txt");
		made.writeAll({
			"folder/mine.txt": "mine\n",
			"dir/mine.txt": "mine\n",
			blocked: "mine\n",
			linked: { link: "worktrees" },
		});
		const error = await refused(made, taskId);
		expect(error.code).toBe("worktree_dirty");
		expect(error.details.paths).toEqual([
			"absent.txt",
			"announced.txt",
			"blocked",
			"dir/mine.txt",
			"edited.txt",
			"folder/mine.txt",
			"hidden.txt",
			"ignored.log",
			"linked",
			"mode.txt",
			"removed.txt",
			"staged.txt",
			"untracked.txt",
		]);
		expect(made.exists(`worktrees/${taskId}`)).toBe(true);
	});

	test("an empty folder is no work: it makes room", async () => {
		const { repo: made, run, land } = await scene();
		await run("echo 1 > new && mkdir other && echo 1 > other/x.txt");
		mkdirSync(join(made.path, "new/deep"), { recursive: true });
		mkdirSync(join(made.path, "other"));
		await land();
	});

	test("a file saved while the commit is being signed is seen, and wins", async () => {
		const { repo: made, run, taskId } = await scene();
		await run("echo landed >> b.txt && echo landed > c.txt");
		signer(made, `echo 'saved meanwhile' > '${made.path}/b.txt'`);
		const head = made.git("rev-parse", "HEAD");
		const result = await made.msgcode("task", "apply", taskId, "--yes", "--json");
		expect(result.json().error).toMatchObject({ code: "worktree_dirty", details: { paths: ["b.txt"] } });
		expect(made.read("b.txt")).toBe("saved meanwhile\n");
		expect(made.git("status", "--porcelain")).toBe(" M b.txt");
		expect(made.git("rev-parse", "HEAD")).toBe(head);
	});
});

describe("three-way", () => {
	test("a branch that moved on keeps its own changes, in the same file as well", async () => {
		const { repo: made, run, land } = await scene();
		await run(`sed -i 's/^line 18$/from the run/' a.txt && echo new > new.txt`);
		made.write("a.txt", text({ 2: "from the branch" }));
		made.write("later.txt", "later\n");
		made.commitAll("later");
		await land();
		expect(made.read("a.txt")).toBe(text({ 2: "from the branch", 18: "from the run" }));
		expect(made.git("show", "--format=", "--name-only", "HEAD", "--", ".", ":!tasks")).toBe("a.txt\nnew.txt");
	});

	test("a conflict names the files and leaves everything as it was", async () => {
		const { repo: made, run, taskId } = await scene();
		await run(`sed -i 's/^line 5$/from the run/' a.txt && rm b.txt && echo fine > new.txt`);
		made.write("a.txt", text({ 5: "from the branch" }));
		made.write("b.txt", "changed\n");
		made.commitAll("later");
		made.write("dirty.txt", "mine\n");
		const error = await refused(made, taskId);
		expect(error).toMatchObject({ code: "patch_conflict", details: { files: ["a.txt", "b.txt"] } });
		expect(made.exists(`worktrees/${taskId}`)).toBe(true);
	});

	test("only the run's delta lands when its base is on another branch", async () => {
		const { repo: made, taskId } = await scene();
		made.git("switch", "--quiet", "--create", "feature");
		made.write("feature.txt", "not wanted on main\n");
		made.write("a.txt", text({ 1: "feature" }));
		made.commitAll("feature");
		made.git("switch", "--quiet", "main");
		const result = await made.msgcode(
			"task",
			"run",
			taskId,
			"--base",
			"feature",
			"--",
			"sh",
			"-c",
			"sed -i 's/^line 18$/run/' a.txt",
		);
		expect(result.exitCode, result.stderr).toBe(0);
		await made.msgcode("task", "apply", taskId, "--yes");
		expect(made.read("a.txt")).toBe(text({ 18: "run" }));
		expect(made.exists("feature.txt")).toBe(false);
		expectCheckoutIsHead(made);
	});

	test("work that was carried along stays uncommitted: only what the run made of it lands", async () => {
		const { repo: made, taskId } = await scene();
		made.write("a.txt", text({ 1: "mine" }));
		made.write("new-mine.txt", "mine\n");
		const ran = await made.msgcode(
			"task",
			"run",
			taskId,
			"--carry",
			"--",
			"sh",
			"-c",
			"cat new-mine.txt > seen.txt && echo x >> b.txt",
		);
		expect(ran.exitCode, ran.stderr).toBe(0);
		const landed = await made.msgcode("task", "apply", taskId, "--yes", "--json");
		expect(landed.exitCode, landed.stdout).toBe(0);
		expect(made.git("show", "--format=", "--name-only", "HEAD", "--", ".", ":!tasks")).toBe("b.txt\nseen.txt");
		expect(made.git("status", "--porcelain")).toBe(" M a.txt\n?? new-mine.txt");
	});

	test("the ledger's own commits since then do not matter, also where they were rebased", async () => {
		const { repo: made, run, land, taskId } = await scene();
		const fork = made.git("rev-parse", "HEAD~1");
		await run("echo run >> b.txt");
		await made.msgcode("task", "add", "Another");
		await made.msgcode("task", "edit", taskId, "--priority", "9");
		made.git("branch", "upstream", fork);
		made.git("switch", "--quiet", "upstream");
		made.write("up.txt", "up\n");
		made.commitAll("upstream work");
		made.git("switch", "--quiet", "main");
		made.git("rebase", "--quiet", "upstream");
		await land();
		expect(made.read("b.txt")).toBe("b\nrun\n");
		expect(made.exists("up.txt")).toBe(true);
	});

	test("a user's rename that looks like a task file draws nothing into the ledger", async () => {
		const { repo: made, run, land } = await scene({ ...project, "note.md": text() });
		await run(`sed -i 's/^line 18$/run/' note.md`);
		const added = await made.msgcodeWith(
			{ stdin: text() },
			"task",
			"add",
			"From the note",
			"--prompt-file",
			"-",
			"--json",
		);
		const definition = `tasks/${added.json().data.id}.md`;
		made.git("mv", "note.md", "moved.md");
		made.commitAll("move");
		const before = made.git("rev-parse", `HEAD:${definition}`);
		await land();
		expect(made.git("rev-parse", `HEAD:${definition}`)).toBe(before);
		expect(made.read("moved.md")).toBe(text({ 18: "run" }));
	});
});

describe("a clone without the run's ref", () => {
	test("rebuilds the result from the tracked patch, and lands the same tree", async () => {
		const { repo: made, run, taskId } = await scene();
		await run("git mv a.txt moved.txt && chmod -x run.sh && printf '\\000\\001' > data.bin && ln -s b.txt link");
		const clone = made.clone();
		expect(clone.git("for-each-ref", "refs/msgcode")).toBe("");
		const landed = await clone.msgcode("task", "apply", taskId, "--yes", "--json");
		expect(landed.exitCode, landed.stdout).toBe(0);
		expectCheckoutIsHead(clone);
		await made.msgcode("task", "apply", taskId, "--yes");
		const code = (one: Repo) => one.git("ls-tree", "-r", "HEAD").replace(/^.*\ttasks\/.*\n?/gm, "");
		expect(code(clone)).toBe(code(made));
	});

	test("knows the base again by its code when the ledger's commits were rebased away", async () => {
		const { repo: made, run, taskId } = await scene();
		const origin = made.clone("--bare");
		const { receipt } = await run("echo run >> b.txt");
		made.git("fetch", "--quiet", origin.path);
		// The same ledger files in one other commit: the base's own commit is in no history any more.
		made.git("reset", "--quiet", "--soft", "FETCH_HEAD~1");
		made.git("commit", "--quiet", "-m", "squashed");
		const clone = made.clone("--no-local", "--single-branch");
		expect(() => clone.git("cat-file", "-e", `${receipt.baseCommit}`)).toThrow();
		const landed = await clone.msgcode("task", "apply", taskId, "--yes", "--json");
		expect(landed.exitCode, landed.stdout).toBe(0);
		expect(clone.read("b.txt")).toBe("b\nrun\n");
		expectCheckoutIsHead(clone);
	});

	test("refuses a patch that is not the one of the receipt, and a base that nobody has", async () => {
		const { repo: made, run, taskId } = await scene();
		const { receipt } = await run("echo run >> b.txt");
		const clone = made.clone();
		const patch = receipt.patch?.path ?? "";
		clone.write(patch, clone.read(patch).replace("+run", "+evil"));
		clone.git("commit", "--quiet", "--all", "-m", "tampered");
		expect((await refused(clone, taskId)).code).toBe("ledger_damaged");
		const receiptFile = patch.replace("patch.diff", "run_receipt.json");
		const sha256 = createHash("sha256").update(clone.read(patch)).digest("hex");
		clone.write(receiptFile, clone.read(receiptFile).replace(receipt.patch?.sha256 ?? "", sha256));
		clone.git("commit", "--quiet", "--all", "-m", "tampered well");
		expect((await refused(clone, taskId)).code).toBe("ledger_damaged");
		const other = made.clone();
		const nobody = "1".repeat(40);
		other.write(
			receiptFile,
			other
				.read(receiptFile)
				.replaceAll(receipt.baseCommit ?? "", nobody)
				.replaceAll(receipt.baseCodeTree ?? "", nobody),
		);
		other.git("commit", "--quiet", "--all", "-m", "a run of elsewhere");
		expect((await refused(other, taskId)).code).toBe("revision_not_found");
	});
});

describe("which run", () => {
	test("the last good one; never again one that landed or was rejected", async () => {
		const { repo: made, run, taskId } = await scene();
		expect((await refused(made, taskId)).code).toBe("nothing_to_land");
		const first = await run("echo 1 > one.txt");
		await run("echo 2 > two.txt; exit 3", "error");
		expect((await made.msgcode("task", "apply", taskId, "--yes")).exitCode).toBe(0);
		expect(made.exists("one.txt")).toBe(true);
		expect((await refused(made, taskId)).code).toBe("already_landed");
		const third = await run("echo 3 > three.txt");
		expect((await made.msgcode("task", "reject", taskId, "--reason", "no")).exitCode).toBe(0);
		expect((await refused(made, taskId)).code).toBe("nothing_to_land");
		expect((await refused(made, taskId, "--run", first.receipt.runId)).code).toBe("already_landed");
		expect((await refused(made, taskId, "--run", "run_2000")).code).toBe("run_not_found");
		const named = await made.msgcode("task", "apply", taskId, "--yes", "--run", third.receipt.runId);
		expect(named.exitCode, named.stderr).toBe(0);
	});

	test("a failed run only when it is named, no withheld one, nothing that the branch holds, and not during a merge", async () => {
		const { repo: made, run, taskId } = await scene();
		const failed = await run("echo 2 > two.txt; exit 3", "error");
		expect((await refused(made, taskId)).code).toBe("nothing_to_land");
		made.write("two.txt", "2\n");
		made.commitAll("by hand");
		expect((await refused(made, taskId, "--run", failed.receipt.runId)).code).toBe("nothing_to_land");
		await run(`printf 'key = "AKIA%s"\\n' QWERTYUIOPASDFGH > key.txt`, "error");
		expect((await refused(made, taskId)).code).toBe("patch_withheld");
		await run("echo fine > fine.txt");
		made.git("switch", "--quiet", "--create", "other", "HEAD~1");
		made.write("b.txt", "other\n");
		made.commitAll("other");
		made.git("switch", "--quiet", "main");
		made.git("merge", "--quiet", "--no-commit", "--no-ff", "other");
		expect((await refused(made, taskId)).code).toBe("git_busy");
	});
});

describe("signing and hooks", () => {
	test("honours commit.gpgsign for the landing alone, and --no-sign", async () => {
		const { repo: made, run, taskId } = await scene();
		signer(made, "true");
		await run("echo 1 > one.txt");
		expect(made.git("cat-file", "-p", "HEAD")).not.toContain("gpgsig");
		expect((await made.msgcode("task", "apply", taskId, "--yes")).exitCode).toBe(0);
		expect(made.git("cat-file", "-p", "HEAD")).toContain("gpgsig");
		await run("echo 2 > two.txt");
		expect((await made.msgcode("task", "apply", taskId, "--yes", "--no-sign")).exitCode).toBe(0);
		expect(made.git("cat-file", "-p", "HEAD")).not.toContain("gpgsig");
		await run("echo 3 > three.txt");
		signer(made, "exit 1");
		expect((await refused(made, taskId)).code).toBe("signing_failed");
	});

	test("runs the pre-commit hook with --verify only, and takes its no", async () => {
		const { repo: made, run, taskId } = await scene();
		await run("echo 1 > one.txt && echo x >> b.txt && rm dir/c.txt");
		const hook = (body: string) => made.write(".git/hooks/pre-commit", { executable: `#!/bin/sh\n${body}\n` });
		hook("git diff --cached --name-only > .git/seen; echo not today >&2; exit 1");
		const before = [made.git("rev-parse", "HEAD"), made.git("ls-files", "--stage")];
		const no = await made.msgcode("task", "apply", taskId, "--yes", "--json", "--verify");
		expect(no.json().error).toMatchObject({ code: "hook_failed", details: { stderr: "not today" } });
		expect([made.git("rev-parse", "HEAD"), made.git("ls-files", "--stage")]).toEqual(before);
		expectCheckoutIsHead(made);
		expect(made.read(".git/seen").split("\n")).toEqual(expect.arrayContaining(["b.txt", "dir/c.txt", "one.txt"]));
		rmSync(join(made.path, ".git/hooks/pre-commit"));
		hook("exit 0");
		expect((await made.msgcode("task", "apply", taskId, "--yes", "--verify")).exitCode).toBe(0);
		expectCheckoutIsHead(made);
		await run("echo 2 > two.txt");
		rmSync(join(made.path, ".git/hooks/pre-commit"));
		hook("exit 1");
		expect((await made.msgcode("task", "apply", taskId, "--yes")).exitCode).toBe(0);
	});
});

describe("what else", () => {
	test("asks a person, and does nothing on a no; --dry-run shows the files", async () => {
		const { repo: made, run, taskId } = await scene();
		await run("echo 1 > one.txt");
		const head = made.git("rev-parse", "HEAD");
		const dry = await made.msgcode("task", "apply", taskId, "--dry-run", "--json");
		expect(dry.json().data).toMatchObject({
			dryRun: true,
			branch: "main",
			files: [{ path: "one.txt", status: "added" }],
		});
		const no = await made.msgcodeWith({ terminal: 100, answers: ["n"] }, "task", "apply", taskId);
		expect(no.exitCode).toBe(130);
		expect(no.stderr).toContain("one.txt");
		expect((await made.msgcode("task", "apply", taskId)).exitCode).toBe(2);
		expect(made.git("rev-parse", "HEAD")).toBe(head);
		const yes = await made.msgcodeWith({ terminal: 100, answers: ["y"] }, "task", "apply", taskId);
		expect(yes.exitCode, yes.stderr).toBe(0);
	});

	test("one commit with code and landing.json, by the actor, and the run's ref stays", async () => {
		const { repo: made, run, taskId } = await scene();
		const { receipt } = await run("echo 1 > one.txt");
		const parent = made.git("rev-parse", "HEAD");
		await made.msgcode("task", "apply", taskId, "--yes", "--actor", "reviewer");
		const folder = `tasks/runs/${taskId}/${receipt.runId}`;
		expect(made.git("show", "--format=%P", "--name-only", "HEAD")).toBe(`${parent}\n\none.txt\n${folder}/landing.json`);
		expect(made.git("log", "-1", "--format=%B")).toContain(
			`task(${taskId}): land "A task"\n\nMsgcode-Op: apply\nMsgcode-Task: ${taskId}\nMsgcode-Run: ${receipt.runId}\nMsgcode-Actor: reviewer`,
		);
		expect(JSON.parse(made.read(`${folder}/landing.json`))).toMatchObject({
			runId: receipt.runId,
			parent,
			patchSha256: receipt.patch?.sha256,
		});
		expect(made.git("rev-parse", `${receipt.ref}^{tree}`)).toBe(receipt.tree);
		expect(made.git("for-each-ref", "refs/heads/msgcode")).toBe("");
		expect(made.git("worktree", "list").split("\n")).toHaveLength(1);
	});

	test("a worktree with work that no run recorded stays, with its branch, and a warning", async () => {
		const { repo: made, run, taskId } = await scene();
		await run("echo 1 > one.txt");
		writeFileSync(join(made.path, "worktrees", taskId, "later.txt"), "later\n");
		const landed = await made.msgcode("task", "apply", taskId, "--yes", "--json");
		expect(landed.json()).toMatchObject({ data: { worktreeRemoved: false }, warnings: [{ code: "worktree_kept" }] });
		expect(made.read(`worktrees/${taskId}/later.txt`)).toBe("later\n");
		expect(made.git("for-each-ref", "refs/heads/msgcode")).not.toBe("");
	});

	test("landing an older run leaves the worktree of a newer one alone", async () => {
		const { repo: made, run, taskId } = await scene();
		const first = await run("echo 1 > one.txt");
		await run("echo 2 > two.txt");
		const landed = await made.msgcode("task", "apply", taskId, "--yes", "--json", "--run", first.receipt.runId);
		expect(landed.json().data.worktreeRemoved).toBe(false);
		expect(made.exists(`worktrees/${taskId}/two.txt`)).toBe(true);
	});

	test("with ledger.commit = stage the landing is staged, and the worktree stays until it is committed", async () => {
		const { repo: made, run, taskId } = await scene();
		await run("echo 1 > one.txt && rm b.txt");
		made.write("msgcode.toml", '[ledger]\ncommit = "stage"\n');
		const head = made.git("rev-parse", "HEAD");
		const landed = await made.msgcode("task", "apply", taskId, "--yes", "--json");
		expect(landed.json().data).toMatchObject({ commit: null, worktreeRemoved: false });
		expect(made.git("rev-parse", "HEAD")).toBe(head);
		expect(made.git("diff", "--cached", "--name-status", "--", ".", ":!tasks")).toBe("D\tb.txt\nA\tone.txt");
	});

	test("on a detached HEAD it commits and warns", async () => {
		const { repo: made, run, taskId } = await scene();
		await run("echo 1 > one.txt");
		made.git("switch", "--quiet", "--detach");
		const landed = await made.msgcode("task", "apply", taskId, "--yes", "--json");
		expect(landed.exitCode, landed.stdout).toBe(0);
		expect(landed.stderr).toContain("detached");
		expectCheckoutIsHead(made);
	});
});

/** Makes `body` what runs whenever git signs a commit; it is told to sign each. */
function signer(made: Repo, body: string): void {
	const script = `#!/bin/sh
cat > /dev/null
${body}
printf '\\n[GNUPG:] SIG_CREATED \\n' >&2
printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n'
`;
	const file = join(made.home, "signer");
	writeFileSync(file, script);
	chmodSync(file, 0o755);
	made.git("config", "gpg.program", file);
	made.git("config", "commit.gpgsign", "true");
}
