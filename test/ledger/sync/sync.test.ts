import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Repo } from "../../support/repo.ts";
import { repo } from "../../support/repo.ts";
import { addTask, succeed, twoClones } from "../../support/two-clones.ts";

const SHELL = ["--runner", "shell", "--", "true"];

function titles(place: Repo): Promise<string[]> {
	return succeed(place, "task", "list", "--all").then(({ data }) =>
		data.map((task: { title: string }) => task.title).sort(),
	);
}

/** Everything that a refused or dry run must leave as it was. */
function state(place: Repo): string {
	const refs = place.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags");
	return [place.git("rev-parse", "HEAD"), refs, place.git("ls-files", "-s"), place.git("status", "--porcelain")].join(
		"\n",
	);
}

async function refusal(place: Repo): Promise<{ message: string; hint: string; details: Record<string, unknown> }> {
	const before = state(place);
	const result = await place.msgcode("sync", "--json");
	expect([result.exitCode, result.json().error.code]).toEqual([4, "sync_refused"]);
	expect(state(place)).toBe(before);
	return result.json().error;
}

describe("sync", () => {
	test("says so when both sides are the same, and writes nothing", async () => {
		const { ann } = await twoClones();
		const before = state(ann);
		const { data } = await succeed(ann, "sync");
		expect(data).toMatchObject({ action: "up-to-date", pulled: 0, pushed: 0, branch: "main", upstream: "origin/main" });
		expect(state(ann)).toBe(before);
	});

	test("pushes ledger commits that are ahead", async () => {
		const { ann, bob, originGit } = await twoClones();
		await addTask(ann, "From Ann", ...SHELL);
		const { data } = await succeed(ann, "sync");
		expect(data).toMatchObject({ action: "push", pushed: 1, pulled: 0 });
		expect(originGit("rev-parse", "main")).toBe(ann.git("rev-parse", "HEAD"));
		expect((await succeed(bob, "sync")).data).toMatchObject({ action: "fast-forward", pulled: 1, pushed: 0 });
		expect(await titles(bob)).toEqual(["From Ann"]);
		expect(bob.git("status", "--porcelain")).toBe("");
	});

	test("replays diverged ledger commits: both sides whole, author, date and message kept, history straight", async () => {
		const { ann, bob, originGit } = await twoClones();
		const shared = await addTask(ann, "Shared", "--priority", "3", "--label", "x");
		await succeed(ann, "sync");
		await succeed(bob, "sync");
		await succeed(ann, "task", "edit", shared, "--priority", "9");
		ann.write("src/code.txt", "ONE\ntwo\nthree\n");
		ann.git("commit", "--quiet", "-am", "Ann's own code");
		ann.git("push", "--quiet");
		const theirs = await addTask(bob, "From Bob");
		await succeed(bob, "task", "edit", shared, "--label", "docs");
		await succeed(bob, "task", "run", shared, "--in-place", "--", "true");
		const made = bob.git("log", "-3", "--format=%an|%ad|%B");
		const { data } = await succeed(bob, "sync");
		expect(data).toMatchObject({ action: "replay", pulled: 2, replayed: 3, pushed: 3, dropped: 0, tries: 1 });
		expect(bob.git("log", "-3", "--format=%an|%ad|%B")).toBe(made);
		expect(bob.git("rev-list", "--merges", "--count", "HEAD")).toBe("0");
		expect(originGit("rev-parse", "main")).toBe(bob.git("rev-parse", "HEAD"));
		expect(bob.git("status", "--porcelain")).toBe("");
		expect(bob.read("src/code.txt")).toBe("ONE\ntwo\nthree\n");
		await succeed(ann, "sync");
		for (const place of [ann, bob]) {
			const { data: task } = await succeed(place, "task", "show", shared);
			expect(task).toMatchObject({ priority: 9, labels: ["docs"], runs: 1 });
			expect(await titles(place)).toEqual(["From Bob", "Shared"]);
		}
		expect((await succeed(ann, "task", "show", theirs)).data.title).toBe("From Bob");
	});

	test("runs recorded on both sides are all in runs.jsonl afterwards", async () => {
		const { ann, bob } = await twoClones();
		const id = await addTask(ann, "Shared", ...SHELL);
		const other = await addTask(ann, "Other", ...SHELL);
		await succeed(ann, "sync");
		await succeed(bob, "sync");
		await succeed(ann, "task", "run", id, "--in-place", "--", "true");
		await succeed(bob, "task", "run", other, "--in-place", "--", "true");
		await succeed(ann, "sync");
		await succeed(bob, "sync");
		await succeed(ann, "sync");
		const runs = ann
			.read("tasks/runs.jsonl")
			.trim()
			.split("\n")
			.map((line) => JSON.parse(line).taskId);
		expect(runs.sort()).toEqual([id, other].sort());
		expect(bob.read("tasks/runs.jsonl")).toBe(ann.read("tasks/runs.jsonl"));
	});

	test("keeps staged, dirty, untracked and ignored work of the user through a replay", async () => {
		const files = { "src/code.txt": "one\n", "a.txt": "a\n", "b.txt": "b\n", ".gitignore": "secret.env\n" };
		const { ann, bob } = await twoClones({ files });
		await addTask(ann, "From Ann");
		ann.write("src/code.txt", "ONE\n");
		ann.git("commit", "--quiet", "-am", "code");
		ann.git("push", "--quiet");
		await addTask(bob, "From Bob");
		bob.write("a.txt", "staged\n");
		bob.git("add", "a.txt");
		bob.write("a.txt", "staged and changed\n");
		bob.write("b.txt", "dirty\n");
		bob.write("new file.txt", "untracked\n");
		bob.write("secret.env", "ignored\n");
		const status = bob.git("status", "--porcelain", "--ignored");
		const staged = bob.git("diff", "--cached");
		expect((await succeed(bob, "sync")).data.action).toBe("replay");
		expect(bob.git("status", "--porcelain", "--ignored")).toBe(status);
		expect(bob.git("diff", "--cached")).toBe(staged);
		expect([bob.read("a.txt"), bob.read("b.txt"), bob.read("secret.env")]).toEqual([
			"staged and changed\n",
			"dirty\n",
			"ignored\n",
		]);
		expect(bob.read("src/code.txt")).toBe("ONE\n");
	});

	test.each([
		["dirty", (bob: Repo) => bob.write("src/code.txt", "mine\n")],
		[
			"staged",
			(bob: Repo) => {
				bob.write("src/code.txt", "mine\n");
				bob.git("add", "src/code.txt");
			},
		],
	])("refuses to fast-forward over a %s file and names it", async (_, spoil) => {
		const { ann, bob } = await twoClones();
		ann.write("src/code.txt", "theirs\n");
		ann.git("commit", "--quiet", "-am", "code");
		ann.git("push", "--quiet");
		spoil(bob);
		const error = await refusal(bob);
		expect(error.details.files).toEqual(["src/code.txt"]);
		expect(bob.read("src/code.txt")).toBe("mine\n");
	});

	test("refuses to overwrite untracked and ignored files that the upstream adds", async () => {
		const { ann, bob } = await twoClones({ files: { "src/code.txt": "x\n", ".gitignore": "" } });
		bob.write(".git/info/exclude", "ignored.txt\nfolder\n");
		for (const file of ["plain.txt", "ignored.txt", "folder/below.txt"]) ann.write(file, "theirs\n");
		ann.commitAll("more files");
		ann.git("push", "--quiet");
		bob.writeAll({ "plain.txt": "mine\n", "ignored.txt": "mine\n", folder: "mine\n" });
		const error = await refusal(bob);
		expect(error.details.files).toEqual(["folder/below.txt", "ignored.txt", "plain.txt"]);
		expect([bob.read("plain.txt"), bob.read("ignored.txt"), bob.read("folder")]).toEqual([
			"mine\n",
			"mine\n",
			"mine\n",
		]);
	});

	test("an uncommitted hand edit of a task that the upstream changed is refused, then goes through after `commit`", async () => {
		const { ann, bob } = await twoClones();
		const id = await addTask(ann, "Shared", "--priority", "3", "--label", "x");
		await succeed(ann, "sync");
		await succeed(bob, "sync");
		await succeed(ann, "task", "edit", id, "--priority", "9");
		await succeed(ann, "sync");
		bob.write(`tasks/${id}.md`, bob.read(`tasks/${id}.md`).replace("Shared", "Renamed"));
		const error = await refusal(bob);
		expect(error.details.files).toEqual([`tasks/${id}.md`]);
		expect(error.hint).toContain("msgcode commit");
		await succeed(bob, "commit");
		await succeed(bob, "sync");
		expect((await succeed(bob, "task", "show", id)).data).toMatchObject({ title: "Renamed", priority: 9 });
	});

	test("both sides changed one scalar: refused with file and task, nothing changed", async () => {
		const { ann, bob } = await twoClones();
		const id = await addTask(ann, "Shared", "--priority", "3");
		await succeed(ann, "sync");
		await succeed(bob, "sync");
		await succeed(ann, "task", "edit", id, "--priority", "9");
		await succeed(ann, "sync");
		await addTask(bob, "Fine by itself");
		await succeed(bob, "task", "edit", id, "--priority", "1");
		const error = await refusal(bob);
		expect(error.details).toMatchObject({ file: `tasks/${id}.md`, taskId: id });
		expect(error.message).toContain(id);
		expect(error.message).toContain("both sides changed priority.");
	});

	test("other keys, labels and prompt, closed here and edited and blocked there: no conflict without the driver", async () => {
		const { ann, bob } = await twoClones();
		ann.git("config", "--remove-section", "merge.msgcode");
		const id = await addTask(ann, "Shared", "--label", "old");
		const file = `tasks/${id}.md`;
		const text = (title: string, priority: number, labels: string, first: string) =>
			`---\ntitle: ${title}\npriority: ${priority}\nlabels: [${labels}]\n---\n\n${first}\n\nIn between.\n\nLast.\n`;
		ann.write(file, text("Shared", 5, "old", "First."));
		await succeed(ann, "commit");
		await succeed(ann, "sync");
		await succeed(bob, "sync");
		ann.write(file, text("By Ann", 5, "old, red", "First."));
		await succeed(ann, "task", "close", id, "--reason", "finished");
		await succeed(ann, "sync");
		bob.write(file, text("Shared", 9, "blue", "First, by Bob."));
		await succeed(bob, "task", "block", id, "--reason", "waits");
		await succeed(bob, "task", "edit", id, "--timeout", "2m");
		expect((await succeed(bob, "sync")).data).toMatchObject({ action: "replay" });
		await succeed(ann, "sync");
		for (const place of [ann, bob]) {
			const { data: task } = await succeed(place, "task", "show", id);
			expect(task).toMatchObject({ title: "By Ann", priority: 9, labels: ["blue", "red"], timeout: "2m" });
			expect(task).toMatchObject({ status: "done", closed: { reason: "finished" }, blocked: null, diagnostics: [] });
			expect(task.inputs.prompt).toBe("First, by Bob.\n\nIn between.\n\nLast.\n");
		}
		expect(ann.git("rev-parse", "HEAD^{tree}")).toBe(bob.git("rev-parse", "HEAD^{tree}"));
	});

	describe("a task archived on one side and changed on the other: the change follows the file", () => {
		const ARCHIVED = "tasks/archive/2026";
		/** As `task archive` leaves it: the files moved as they are. */
		const archive = (place: Repo, id: string) => {
			place.git("mv", "-k", `tasks/${id}.md`, `tasks/${id}.json`, ARCHIVED);
			place.git("commit", "--quiet", "-m", "archived");
		};
		async function archivable(): Promise<{ ann: Repo; bob: Repo; id: string }> {
			const { ann, bob } = await twoClones();
			const id = await addTask(ann, "Shared", "--label", "old");
			await succeed(ann, "task", "close", id);
			await succeed(ann, "sync");
			await succeed(bob, "sync");
			for (const place of [ann, bob]) place.write(`${ARCHIVED}/.keep`, "");
			return { ann, bob, id };
		}
		const here = (place: Repo, id: string) =>
			place
				.git("ls-files", "tasks")
				.split("\n")
				.filter((path) => path.includes(id));

		test.each(["archived here", "archived there", "archived on both sides"])("%s", async (where) => {
			const { ann, bob, id } = await archivable();
			const [changer, mover] = where === "archived here" ? [ann, bob] : [bob, ann];
			changer.write(`tasks/${id}.md`, changer.read(`tasks/${id}.md`).replace("title: Shared", "title: Renamed"));
			changer.git("commit", "--quiet", "-am", "renamed");
			if (where === "archived on both sides") archive(changer, id);
			archive(mover, id);
			await succeed(ann, "sync");
			expect((await succeed(bob, "sync")).data.action).toBe("replay");
			await succeed(ann, "sync");
			for (const place of [ann, bob]) {
				expect(here(place, id)).toEqual([`${ARCHIVED}/${id}.json`, `${ARCHIVED}/${id}.md`]);
				expect(place.read(`${ARCHIVED}/${id}.md`)).toContain("title: Renamed\n");
			}
			expect(ann.git("rev-parse", "HEAD^{tree}")).toBe(bob.git("rev-parse", "HEAD^{tree}"));
		});

		test("a real deletion is still told from a move", async () => {
			const { ann, bob, id } = await archivable();
			ann.git("rm", "--quiet", `tasks/${id}.md`);
			ann.git("commit", "--quiet", "-m", "deleted");
			await succeed(ann, "sync");
			await succeed(bob, "task", "edit", id, "--title", "Renamed");
			expect((await refusal(bob)).message).toContain("it was changed here and deleted there");
		});
	});

	test("a change that the upstream holds already is dropped, not made twice", async () => {
		const { ann, bob } = await twoClones();
		const id = await addTask(ann, "Shared", "--priority", "3");
		await succeed(ann, "sync");
		await succeed(bob, "sync");
		await succeed(ann, "task", "edit", id, "--priority", "9");
		await addTask(ann, "More");
		await succeed(ann, "sync");
		await succeed(bob, "task", "edit", id, "--priority", "9");
		const { data } = await succeed(bob, "sync");
		expect(data).toMatchObject({ action: "replay", dropped: 1, replayed: 0, pushed: 0 });
		expect(bob.git("rev-parse", "HEAD")).toBe(bob.git("rev-parse", "origin/main"));
	});

	test("own unpushed code is not published, ahead or diverged, and the way on is told", async () => {
		const { ann, bob, originGit } = await twoClones();
		await addTask(bob, "From Bob");
		const ledger = bob.git("rev-parse", "HEAD");
		bob.write("src/code.txt", "mine\n");
		bob.git("commit", "--quiet", "-am", "not ready");
		await addTask(bob, "On top");
		const { data, warnings } = await succeed(bob, "sync");
		expect(data).toMatchObject({
			action: "push",
			pushed: 1,
			unpublished: [{ subject: "not ready" }, { ledger: true }],
		});
		expect(warnings[0].message).toContain("not ready");
		expect(originGit("rev-parse", "main")).toBe(ledger);
		const ahead = await refusal(bob);
		expect(ahead.message).toContain("not ready");
		expect(ahead.hint).toContain("git push");
		expect(originGit("rev-parse", "main")).toBe(ledger);
		await succeed(ann, "sync");
		await addTask(ann, "From Ann");
		await succeed(ann, "sync");
		expect((await refusal(bob)).hint).toContain("git pull --rebase");
		bob.git("pull", "--quiet", "--rebase");
		bob.git("push", "--quiet");
		expect((await succeed(bob, "sync")).data.action).toBe("up-to-date");
		expect(await titles(bob)).toEqual(["From Ann", "From Bob", "On top"]);
	});

	test("--dry-run of a part that can be published moves nothing, here and there", async () => {
		const { bob, originGit } = await twoClones();
		await addTask(bob, "From Bob");
		bob.write("src/code.txt", "mine\n");
		bob.git("commit", "--quiet", "-am", "not ready");
		const before = [state(bob), bob.git("for-each-ref"), originGit("for-each-ref")];
		const { data } = await succeed(bob, "sync", "--dry-run");
		expect(data).toMatchObject({ action: "push", pushed: 1, unpublished: [{ subject: "not ready" }] });
		expect([state(bob), bob.git("for-each-ref"), originGit("for-each-ref")]).toEqual(before);
		expect((await bob.msgcode("sync")).stdout).toBe("main: pushed 1 commit.\n");
		expect((await bob.msgcode("sync")).stdout).toBe("origin/main holds all of the ledger's work on main.\n");
	});

	test("a commit without any trailer that changes only task files is ledger work; an empty one is not", async () => {
		const { ann, bob } = await twoClones();
		const id = await addTask(bob, "From Bob");
		bob.write(`tasks/${id}.md`, bob.read(`tasks/${id}.md`).replace("From Bob", "By hand"));
		bob.git("commit", "--quiet", "-am", "by plain git");
		expect((await succeed(bob, "sync")).data).toMatchObject({ action: "push", pushed: 2 });
		bob.git("commit", "--quiet", "--allow-empty", "-m", "start the build");
		expect((await succeed(bob, "sync")).data).toMatchObject({
			action: "up-to-date",
			unpublished: [{ subject: "start the build", ledger: false }],
		});
		expect((await succeed(ann, "sync")).data.pulled).toBe(2);
	});

	test("code under a landing's trailer without a landing is other work", async () => {
		const { bob, originGit } = await twoClones();
		bob.write("src/code.txt", "mine\n");
		bob.git("commit", "--quiet", "-am", "sneak\n\nMsgcode-Op: apply");
		const { data } = await succeed(bob, "sync");
		expect(data).toMatchObject({ action: "up-to-date", pushed: 0, unpublished: [{ subject: "sneak" }] });
		expect(originGit("rev-parse", "main")).not.toBe(bob.git("rev-parse", "HEAD"));
	});

	test("a landing is pushed by fast-forward and refused when the upstream moved on", async () => {
		const { ann, bob } = await twoClones();
		const land = async (place: Repo) => {
			const command = ["--runner", "shell", "--", "sh", "-c", "date +%N > landed.txt"];
			const id = await addTask(place, "Land me", ...command);
			await succeed(place, "task", "run", id);
			await succeed(place, "task", "apply", id, "--yes");
		};
		await land(bob);
		expect((await succeed(bob, "sync")).data).toMatchObject({ action: "push", pushed: 3 });
		await addTask(ann, "From Ann");
		await succeed(ann, "sync");
		await land(bob);
		const error = await refusal(bob);
		expect(error.hint).toContain("git pull --rebase");
	});

	test("an unpushed merge made by git pull is pushed when it brings only ledger work, refused when it diverges again", async () => {
		const { ann, bob } = await twoClones();
		await addTask(ann, "From Ann");
		await succeed(ann, "sync");
		await addTask(bob, "From Bob");
		bob.git("pull", "--quiet", "--no-rebase");
		await addTask(ann, "Ann again");
		await succeed(ann, "sync");
		expect((await refusal(bob)).hint).toContain("git pull --no-rebase");
		bob.git("pull", "--quiet", "--no-rebase");
		expect((await succeed(bob, "sync")).data).toMatchObject({ action: "push" });
		await succeed(ann, "sync");
		expect(await titles(ann)).toEqual(["Ann again", "From Ann", "From Bob"]);
	});

	test("a merge that throws the upstream's code away is not published", async () => {
		const { ann, bob } = await twoClones();
		ann.write("src/code.txt", "theirs\n");
		ann.git("commit", "--quiet", "-am", "code");
		ann.git("push", "--quiet");
		await addTask(bob, "From Bob");
		bob.git("fetch", "--quiet");
		bob.git("merge", "--quiet", "-s", "ours", "-m", "mine wins", "origin/main");
		expect((await refusal(bob)).message).toContain("src/code.txt");
	});

	test("--dry-run tells the same and moves no ref, index or file", async () => {
		const { ann, bob, originGit } = await twoClones();
		await addTask(ann, "From Ann");
		await succeed(ann, "sync");
		await addTask(bob, "From Bob");
		const before = [state(bob), bob.git("for-each-ref"), originGit("for-each-ref")];
		const { data } = await succeed(bob, "sync", "--dry-run");
		expect(data).toMatchObject({ action: "replay", pulled: 1, replayed: 1, pushed: 1, dryRun: true });
		expect([state(bob), bob.git("for-each-ref"), originGit("for-each-ref")]).toEqual(before);
		expect(bob.exists(".git/FETCH_HEAD")).toBe(false);
	});

	test("never touches other branches, tags or stashes, here and there", async () => {
		const { ann, bob, originGit } = await twoClones();
		ann.git("branch", "other");
		ann.git("push", "--quiet", "origin", "other");
		originGit("tag", "v1", "main");
		bob.git("tag", "local");
		bob.git("branch", "mine");
		bob.write("src/code.txt", "stashed\n");
		bob.git("stash", "--quiet");
		await addTask(ann, "From Ann");
		await succeed(ann, "sync");
		await addTask(bob, "From Bob");
		const others = ["for-each-ref", "refs/heads/mine", "refs/tags", "refs/stash", "refs/remotes/origin/other"];
		const here = bob.git(...others);
		await succeed(bob, "sync");
		expect(bob.git(...others)).toBe(here);
		expect(originGit("for-each-ref", "--format=%(refname)")).toBe("refs/heads/main\nrefs/heads/other\nrefs/tags/v1");
	});

	test("no hook runs, not even one that would refuse", async () => {
		const { ann } = await twoClones({ config: { "push.followTags": "true", "merge.autoStash": "true" } });
		for (const hook of ["pre-push", "post-merge", "post-checkout", "reference-transaction", "post-rewrite"]) {
			const file = join(ann.path, ".git/hooks", hook);
			writeFileSync(file, "#!/bin/sh\ntouch hook-ran\nexit 1\n");
			chmodSync(file, 0o755);
		}
		await addTask(ann, "From Ann");
		expect((await succeed(ann, "sync")).data.action).toBe("push");
		expect(ann.exists("hook-ran")).toBe(false);
	});

	test("two people push at once: the slower one fetches and tries again", async () => {
		const { ann, bob, origin, originGit } = await twoClones();
		await addTask(ann, "From Ann");
		await addTask(bob, "From Bob");
		// The remote moves between Bob's fetch and his push: its own hook lets Ann's commit in just before Bob's.
		const annTip = ann.git("rev-parse", "HEAD");
		ann.git("push", "--quiet", "origin", "HEAD:refs/heads/waiting");
		const hook = `#!/bin/sh\nunset GIT_QUARANTINE_PATH\n[ "$(git rev-parse main)" = ${annTip} ] && exit 0\ngit rev-parse waiting -- >/dev/null 2>&1 || exit 0\ngit update-ref refs/heads/main ${annTip}\ngit update-ref -d refs/heads/waiting\n`;
		writeFileSync(join(origin, "hooks/pre-receive"), hook, { mode: 0o755 });
		const { data } = await succeed(bob, "sync");
		expect(data).toMatchObject({ action: "replay", tries: 2, pulled: 1, pushed: 1 });
		expect(originGit("rev-parse", "main")).toBe(bob.git("rev-parse", "HEAD"));
		await succeed(ann, "sync");
		expect(await titles(ann)).toEqual(["From Ann", "From Bob"]);
	});

	test("what was taken away from the upstream is not brought back, whether git fetched before or not", async () => {
		const { ann, bob, originGit } = await twoClones();
		await addTask(ann, "Taken away");
		await succeed(ann, "sync");
		await succeed(bob, "sync");
		originGit("update-ref", "refs/heads/main", "main~1");
		const first = await refusal(bob);
		expect(first.message).toMatch(/was rewritten: it no longer holds 1 commit .* add "Taken away"/);
		bob.git("fetch", "--quiet");
		expect((await refusal(bob)).message).toBe(first.message);
		await addTask(bob, "Of Bob");
		expect((await refusal(bob)).message).toBe(first.message);
		bob.git("pull", "--quiet", "--rebase");
		expect((await succeed(bob, "sync")).data).toMatchObject({ action: "push", pushed: 1 });
		expect(await titles(bob)).toEqual(["Of Bob"]);
	});

	test("without reflogs, and in a dry run, what the ref said before the fetch is remembered for that once", async () => {
		const { bob, originGit } = await twoClones();
		bob.git("config", "core.logAllRefUpdates", "false");
		await addTask(bob, "Taken away");
		await succeed(bob, "sync");
		originGit("update-ref", "refs/heads/main", "main~1");
		for (const flag of ["--dry-run", "--json"]) {
			const refused = await bob.msgcode("sync", flag, "--json");
			expect(refused.json().error.message).toMatch(/was rewritten: it no longer holds 1 commit/);
		}
		expect(originGit("log", "--format=%s", "main")).not.toContain("Taken away");
	});

	test("a remote that refuses the push is named with its reason, and nothing is lost here", async () => {
		const { bob, origin } = await twoClones();
		writeFileSync(join(origin, "hooks/pre-receive"), "#!/bin/sh\necho protected\nexit 1\n", { mode: 0o755 });
		await addTask(bob, "From Bob");
		const error = await refusal(bob);
		expect(error.message).toMatch(/does not accept a push to refs\/heads\/main: pre-receive hook declined/);
	});

	test("a killed move (files and index moved, branch not) is finished by the next sync", async () => {
		const { ann, bob } = await twoClones();
		ann.write("src/code.txt", "ONE\n");
		ann.git("commit", "--quiet", "-am", "code");
		ann.git("push", "--quiet");
		const shared = await addTask(ann, "From Ann");
		await succeed(ann, "sync");
		bob.write("mine.txt", "untracked\n");
		bob.git("fetch", "--quiet");
		bob.git("update-index", "--refresh");
		bob.git("read-tree", "-m", "-u", "HEAD", "origin/main");
		expect((await succeed(bob, "sync")).data).toMatchObject({ action: "fast-forward", pulled: 2 });
		expect(bob.git("status", "--porcelain")).toBe("?? mine.txt");
		expect(bob.exists(`tasks/${shared}.md`)).toBe(true);
	});

	test("a workspace in a sub-folder counts only its own ledger paths as ledger work", async () => {
		const { ann, bob } = await twoClones({ workspace: "packages/api" });
		await addTask(ann, "From Ann");
		await succeed(ann, "sync");
		await addTask(bob, "From Bob");
		expect((await succeed(bob, "sync")).data).toMatchObject({ action: "replay", replayed: 1 });
		expect(await titles(bob)).toEqual(["From Ann", "From Bob"]);
		bob.write("tasks/tsk_0000000001.md", "# not this workspace\n");
		bob.commitAll("elsewhere");
		const { data } = await succeed(bob, "sync");
		expect(data).toMatchObject({ action: "up-to-date", pushed: 0, unpublished: [{ subject: "elsewhere" }] });
	});

	test("CRLF files under autocrlf and files with odd names move with the rest", async () => {
		const odd = 'od"d näme\n.txt';
		const { ann, bob } = await twoClones({ files: { "dos.txt": "a\r\nb\r\n", [odd]: "1\n" } });
		bob.git("config", "core.autocrlf", "true");
		bob.git("config", "core.quotePath", "true");
		ann.writeAll({ "dos.txt": "a\r\nB\r\n", [odd]: "2\n" });
		ann.commitAll("both");
		ann.git("push", "--quiet");
		await addTask(bob, "From Bob");
		expect((await succeed(bob, "sync")).data.action).toBe("replay");
		expect(bob.read(odd).trim()).toBe("2");
	});
});

describe("sync where there is nothing to sync with", () => {
	test("no remote, no upstream, detached HEAD: each named with the way out", async () => {
		const place = await repo({ files: { "a.txt": "a\n" }, ledger: true });
		expect((await refusal(place)).message).toContain("no remote");
		const { ann } = await twoClones();
		ann.git("switch", "--quiet", "-c", "feature");
		expect((await refusal(ann)).hint).toContain("git push -u origin feature");
		ann.git("switch", "--quiet", "--detach");
		expect((await refusal(ann)).message).toContain("detached");
	});

	test("a branch that follows one of another name is not pushed there", async () => {
		const { ann, originGit } = await twoClones();
		ann.git("switch", "--quiet", "-c", "feature", "--track", "origin/main");
		await addTask(ann, "On a feature branch");
		const before = originGit("for-each-ref");
		expect((await refusal(ann)).message).toContain("push nothing");
		expect(originGit("for-each-ref")).toBe(before);
	});

	test("the upstream branch is gone from the remote", async () => {
		const { ann, originGit } = await twoClones();
		originGit("update-ref", "-d", "refs/heads/main");
		expect((await refusal(ann)).message).toContain("refs/heads/main");
	});

	test("an unreachable remote is remote_failed, without the password of its address", async () => {
		const { ann } = await twoClones();
		ann.git("remote", "set-url", "origin", "http://user:hunter2@127.0.0.1:9/x.git");
		const result = await ann.msgcode("sync", "--json");
		expect([result.exitCode, result.json().error.code]).toEqual([1, "remote_failed"]);
		expect(result.stdout).not.toContain("hunter2");
	});

	test("in the middle of a merge it refuses with git_busy", async () => {
		const { ann, bob } = await twoClones();
		for (const [place, text] of [
			[ann, "theirs\n"],
			[bob, "mine\n"],
		] as const) {
			place.write("src/code.txt", text);
			place.git("commit", "--quiet", "-am", text.trim());
		}
		ann.git("push", "--quiet");
		expect(() => bob.git("pull", "--quiet", "--no-rebase")).toThrow();
		const result = await bob.msgcode("sync", "--json");
		expect([result.exitCode, result.json().error.code]).toEqual([5, "git_busy"]);
	});
});
