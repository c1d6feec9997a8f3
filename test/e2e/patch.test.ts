// What a runner can leave in its worktree, and that the patch of each is whole: plain `git apply` on a fresh clone at the
// base gives the receipt's tree, the checkout stays clean, and landing it gives the same files.
import { lstatSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Repo, repo } from "../support/repo.ts";
import { expectCheckoutIsHead, sceneIn } from "../support/run-patch.ts";

const lines = (count: number) => Array.from({ length: count }, (_, line) => `line ${line + 1}\n`).join("");

async function project(): Promise<Repo> {
	return repo({
		files: {
			"a.txt": lines(30),
			"dir/b.txt": "b\n",
			"dir/c.txt": lines(20),
			"tool.sh": { executable: "#!/bin/sh\n" },
			"data.bin": Buffer.from([0, 1, 2, 255, 254, 10, 0]),
			"latin1.txt": Buffer.from("caf\xe9\nna\xefve\n", "latin1"),
			"crlf.txt": "one\r\ntwo\r\nthree\r\n",
			"bare.txt": "no newline at the end",
			link: { link: "a.txt" },
			".gitignore": "*.log\n/ignored/\n",
		},
		ledger: true,
	});
}

describe("kinds of change", () => {
	test("added, deleted, renamed, mode-changed, empty, binary, latin-1, CRLF and files without a final newline", async () => {
		const { proven, land, repo: made } = await sceneIn(await project());
		const { paths, receipt } = await proven(`
			mkdir -p new/deep && echo text > new/deep/file.txt && : > empty.txt && printf 'no end' > new/noend.txt
			rm dir/b.txt
			git mv a.txt moved.txt 2>/dev/null || mv a.txt moved.txt
			mv dir/c.txt c-moved.txt && echo 'line more' >> c-moved.txt
			chmod -x tool.sh && printf '#!/bin/sh\\necho hi\\n' > other.sh && chmod +x other.sh
			printf '\\000\\377\\001' > new.bin && printf '\\000\\001\\002\\003' > data.bin
			printf 'caf\\351\\nna\\357f\\n' > latin1.txt
			printf 'one\\r\\n2\\r\\nthree\\r\\n' > crlf.txt
			printf 'still no newline' > bare.txt
			echo secretless > x.log && mkdir ignored && echo no > ignored/file
		`);
		expect(paths).toEqual([
			"bare.txt",
			"c-moved.txt",
			"crlf.txt",
			"data.bin",
			"dir/b.txt",
			"empty.txt",
			"latin1.txt",
			"moved.txt",
			"new.bin",
			"new/deep/file.txt",
			"new/noend.txt",
			"other.sh",
			"tool.sh",
		]);
		expect(receipt.warnings).toEqual([]);
		const patch = made.gitBytes("show", `HEAD:${receipt.patch?.path}`).toString("latin1");
		expect(patch).toContain("rename from a.txt\nrename to moved.txt");
		expect(patch).toContain("new mode 100644");
		await land();
		expect(lstatSync(join(made.path, "other.sh")).mode & 0o111).toBe(0o111);
		expect(lstatSync(join(made.path, "tool.sh")).mode & 0o111).toBe(0);
		expect(made.exists("dir")).toBe(false);
		expect(made.exists("x.log")).toBe(false);
	});

	test("links, and files, folders and links that take each other's place", async () => {
		const { proven, land, repo: made } = await sceneIn(await project());
		await proven(`
			ln -s dir/b.txt added && rm link && ln -s nowhere link
			rm tool.sh && ln -s a.txt tool.sh
			rm data.bin && mkdir data.bin && echo inside > data.bin/file
			rm -r dir && echo 'a file now' > dir
		`);
		await land();
		expect(readlinkSync(join(made.path, "link"))).toBe("nowhere");
		const { paths } = await proven(`
			rm tool.sh && echo plain > tool.sh
			rm -r data.bin && ln -s a.txt data.bin
			rm dir && mkdir -p dir/sub && echo again > dir/sub/file
		`);
		expect(paths).toEqual(["data.bin", "data.bin/file", "dir", "dir/sub/file", "tool.sh"]);
		await land();
	});

	test("odd names: spaces, quotes, newline, tab, backslash, CJK, a leading dash", async () => {
		const { proven, land } = await sceneIn(await project());
		const { paths } = await proven(`
			for name in 'with space' 'quo"te' "apo'strophe" 'back\\slash' '日本語.txt' '-dash' '*.star' '"quoted"' 'trailing ' '#hash'; do
				echo content > "./$name"
			done
			echo nl > 'new
line' && printf x > 'ta	b' && mkdir 'dir with "quotes"' && echo y > 'dir with "quotes"/ü'
		`);
		expect(paths).toHaveLength(13);
		expect(paths).toContain("new\nline");
		await land();
		await proven(`rm -- '-dash' 'new
line' && echo more >> '日本語.txt' && mv 'with space' 'with  spaces'`);
		await land();
	});

	test("a file name that is not UTF-8 is in the patch, and landing leaves it to git", async () => {
		const { proven, repo: made, taskId } = await sceneIn(await project());
		const head = made.git("rev-parse", "HEAD~0");
		await proven(`printf x > "$(printf 'caf\\351')"`);
		const refused = await made.msgcode("task", "apply", taskId, "--yes", "--json");
		expect(refused.json().error.code).toBe("patch_conflict");
		expect(made.git("rev-parse", "HEAD~1")).toBe(head);
		expectCheckoutIsHead(made);
	});

	test("nothing at all", async () => {
		const { proven, repo: made, taskId } = await sceneIn(await project());
		const { receipt } = await proven("true");
		expect(receipt).toMatchObject({ noChanges: true, patch: { bytes: 0, files: 0 } });
		const refused = await made.msgcode("task", "apply", taskId, "--yes", "--json");
		expect(refused.json().error.code).toBe("nothing_to_land");
	});

	test("10,000 files", async () => {
		const { proven } = await sceneIn(await project());
		const { paths } = await proven(
			`mkdir many && cd many && seq 1 10000 | xargs -n 500 sh -c 'for n; do echo $n > f$n; done' sh`,
		);
		expect(paths).toHaveLength(10_000);
	});
});

describe("what agents do with git", () => {
	test("commits, amends, a merge commit, a detached HEAD, another branch", async () => {
		const { proven, land, repo: made } = await sceneIn(await project());
		const { paths, receipt } = await proven(`
			echo one > one.txt && git add . && git commit -qm one
			git checkout -q -b side HEAD~1 && echo side > side.txt && git add . && git commit -qm side
			git checkout -q - && git merge -q --no-edit side
			git mv a.txt renamed.txt && git commit -qm renamed && git commit -q --amend -m again
			git checkout -q --detach && echo loose > loose.txt
		`);
		expect(paths).toEqual(["loose.txt", "one.txt", "renamed.txt", "side.txt"]);
		expect(receipt.warnings.map(({ code }) => code)).toEqual(["refs_changed"]);
		expect(made.git("log", "--format=%s", `refs/msgcode/heads/${receipt.runId}`)).toContain("again");
		await land();
	});

	test("resets behind its base: the patch is what differs from the base", async () => {
		const scene = await sceneIn(await project());
		await scene.run("echo two > a.txt");
		await scene.land();
		const { paths } = await scene.proven(`git reset -q --hard "$(git log --format=%H --grep=first)"`);
		expect(paths).toEqual(["a.txt"]);
	});

	test("deletes .git, or makes it anew with commits of its own", async () => {
		const { proven, land, repo: made } = await sceneIn(await project());
		const head = () => made.git("log", "-1", "--format=%s");
		const gone = await proven("rm .git && echo 1 > one.txt && rm a.txt");
		expect(gone.paths).toEqual(["a.txt", "one.txt"]);
		await land();
		const anew = await proven(`
			rm .git && git init -q . && git config user.email a@b && git config user.name A
			echo 2 > two.txt && git add -A && git commit -qm mine && echo 3 > three.txt
		`);
		expect(anew.paths).toEqual(["three.txt", "two.txt"]);
		expect(head()).toContain("run ok");
		await land();
	});

	test("nested repositories are taken as files, with and without a commit", async () => {
		const { proven, land, repo: made } = await sceneIn(await project());
		const { paths, warnings } = await proven(`
			for name in fresh 'with commit'; do
				git init -q "$name" && echo content > "$name/file.txt" && echo skip > "$name/x.log" && mkdir "$name/deep" && git init -q "$name/deep" && echo d > "$name/deep/d.txt"
			done
			cd 'with commit' && git config user.email a@b && git config user.name A && git add file.txt && git commit -qm inner
		`);
		expect(paths).toEqual(["fresh/deep/d.txt", "fresh/file.txt", "with commit/deep/d.txt", "with commit/file.txt"]);
		expect(warnings).toEqual(["nested_repository"]);
		await land();
		expect(made.exists("fresh/.git")).toBe(false);
	});

	test("makes a repository of a folder that is tracked", async () => {
		const { proven, land } = await sceneIn(await project());
		const { paths } = await proven(`
			cd dir && git init -q && echo new > new.txt && echo more >> b.txt && rm c.txt
			git config user.email a@b && git config user.name A && git add new.txt && git commit -qm inner
		`);
		expect(paths).toEqual(["dir/b.txt", "dir/c.txt", "dir/new.txt"]);
		await land();
	});

	test("writes into tasks/: the ledger's paths stay out, the user's own files there count", async () => {
		const made = await repo({ files: { "tasks/code.py": "print(1)\n", "a.txt": "a\n" }, ledger: true });
		const scene = await sceneIn(made);
		const { paths, warnings } = await scene.proven(`
			echo 'print(2)' > tasks/code.py && echo hello > tasks/notes.txt && mkdir -p tasks/runs/other && echo u > tasks/runs/other/u.txt
			echo '{}' > tasks/${scene.taskId}.json && echo '{}' >> tasks/runs.jsonl && rm -f tasks/ledger.json
			git add -A -f && git commit -qm all
		`);
		expect(paths).toEqual(["tasks/code.py", "tasks/notes.txt", "tasks/runs/other/u.txt"]);
		expect(warnings).toEqual(["ledger_paths_ignored"]);
		await scene.land();
		const merged = await scene.proven(
			`git merge -q --no-edit main 2>&1 || true; git checkout -q main -- tasks; echo more >> a.txt`,
		);
		expect(merged.paths).toEqual(["a.txt"]);
		await scene.land();
	});

	test("writes into the main checkout, the stash, the configuration and the hooks: reported, never undone", async () => {
		const made = await project();
		const scene = await sceneIn(made);
		const { receipt, paths } = await scene.run(`
			echo own > own.txt
			main="$(dirname "$(git rev-parse --path-format=absolute --git-common-dir)")"
			echo strange >> "$main/a.txt" && echo new > "$main/new.txt"
			echo x >> tool.sh && git stash -q && git config user.nickname me && git tag mine
			printf '#!/bin/sh\\n' > "$main/.git/hooks/post-commit"
		`);
		expect(paths).toEqual(["own.txt"]);
		const found = new Map(receipt.warnings.map((warning) => [warning.code, warning.paths]));
		expect([...found.keys()].sort()).toEqual([
			"checkout_changed",
			"config_changed",
			"hooks_changed",
			"refs_changed",
			"stash_changed",
		]);
		expect(found.get("checkout_changed")).toEqual(["a.txt", "new.txt"]);
		expect(made.read("a.txt")).toContain("strange");
		expect(made.git("stash", "list")).not.toBe("");
	});

	test("removes its whole worktree: nothing is taken for a change", async () => {
		const { run, repo: made } = await sceneIn(await project());
		const { receipt } = await run(`cd / && rm -rf "$PWD_OF_RUN" "$OLDPWD"`, "error");
		expect(receipt).toMatchObject({ errorCode: "COLLECT_FAILED", tree: null, patch: null });
		expectCheckoutIsHead(made);
	});
});

describe("what git does to contents", () => {
	test("text=auto and eol attributes, also those that the run brings itself", async () => {
		const made = await repo({
			files: {
				".gitattributes": "* text=auto\n*.bat eol=crlf\n",
				"a.txt": "one\ntwo\n",
				"run.bat": "@echo off\r\n",
				"data.bin": Buffer.from([0, 13, 10]),
			},
			ledger: true,
		});
		const { proven, land } = await sceneIn(made);
		await proven(
			`printf 'one\\r\\n2\\r\\n' > a.txt && printf '@echo on\\r\\n' > run.bat && printf '\\000\\r\\n\\r\\n' > data.bin && printf 'x\\r\\n' > new.txt`,
		);
		await land();
		expect(made.read("run.bat")).toBe("@echo on\r\n");
		expect(made.read("a.txt")).toBe("one\n2\n");
		await proven(
			`printf '* -text\\n*.win text eol=crlf\\n' > .gitattributes && printf 'y\\r\\n' > raw.txt && printf 'w\\r\\n' > w.win`,
		);
		await land();
		expect(made.read("w.win")).toBe("w\r\n");
		expect(made.read("raw.txt")).toBe("y\r\n");
	});

	test("a filter such as LFS: the patch holds the pointer, the checkout the content, and that is stated", async () => {
		const made = await repo({ files: { ".gitattributes": "*.big filter=fake\n", "a.txt": "a\n" }, ledger: true });
		made.git("config", "filter.fake.clean", `sed 's/^content /pointer /'`);
		made.git("config", "filter.fake.smudge", `sed 's/^pointer /content /'`);
		made.git("config", "filter.fake.required", "true");
		const { run, land } = await sceneIn(made);
		const { receipt, warnings } = await run("echo 'content 1' > one.big");
		expect(warnings).toEqual(["filtered_content"]);
		expect(made.git("show", `HEAD:${receipt.patch?.path}`)).toContain("+pointer 1");
		await land();
		expect(made.read("one.big")).toBe("content 1\n");
		expect(made.git("show", "HEAD:one.big")).toBe("pointer 1");
		await run("echo 'content 2' > one.big");
		await land();
		expect(made.read("one.big")).toBe("content 2\n");
	});

	test("a submodule's pointer is in the patch; its commits are not, and that is stated", async () => {
		const inner = await repo({ files: { "inner.txt": "1\n" } });
		const made = await repo({ files: { "a.txt": "a\n" }, config: { "protocol.file.allow": "always" } });
		made.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", inner.path, "lib");
		made.commitAll("submodule");
		await made.msgcode("init");
		const scene = await sceneIn(made);
		const { receipt, paths, warnings } = await scene.run(`
			git -c protocol.file.allow=always submodule update --init -q
			cd lib && git config user.email a@b && git config user.name A && echo 2 > inner.txt && git commit -qam two
		`);
		expect(paths).toEqual(["lib"]);
		expect(warnings).toContain("submodule_changed");
		expect(made.git("show", `HEAD:${receipt.patch?.path}`)).toMatch(/^\+Subproject commit [0-9a-f]{40}$/m);
		const landed = await made.msgcode("task", "apply", scene.taskId, "--yes", "--json");
		expect(landed.exitCode, landed.stdout).toBe(0);
		const pointer = /\+Subproject commit ([0-9a-f]{40})/.exec(made.git("show", `HEAD~1:${receipt.patch?.path}`))?.[1];
		expect(made.git("ls-tree", "HEAD", "lib")).toContain(pointer);
		expect(made.read("lib/inner.txt")).toBe("1\n");
		const gone = await scene.run("git rm -qf lib");
		expect(gone.paths).toEqual([".gitmodules", "lib"]);
	});

	test("an empty folder is stated, not lost in silence", async () => {
		const { proven } = await sceneIn(await project());
		const { receipt } = await proven("mkdir -p empty/deep dir/hollow && echo x > x.txt");
		expect(receipt.warnings).toMatchObject([{ code: "empty_folders" }]);
		expect([...(receipt.warnings[0]?.paths ?? [])].sort()).toEqual(["dir/hollow/", "empty/"]);
	});
});

describe("where the workspace is", () => {
	test("in a sub-folder of a repository whose path has spaces; changes outside of it count", async () => {
		const made = await repo({
			folder: "my repo",
			workspace: "packages/the äpi",
			files: { "packages/the äpi/a.txt": "a\n", "top.txt": "top\n" },
			ledger: true,
		});
		const { proven, land } = await sceneIn(made, "packages/the äpi/");
		const { paths } = await proven(`
			pwd > where.txt && echo b >> a.txt && echo t >> ../../top.txt
			mkdir -p tasks && echo '{}' > tasks/runs.jsonl
		`);
		expect(paths).toEqual(["packages/the äpi/a.txt", "packages/the äpi/where.txt", "top.txt"]);
		await land();
		expect(made.read("packages/the äpi/where.txt")).toMatch(/worktrees\/tsk_\w+\/packages\/the äpi\n$/);
	});
});
