// A diff that somebody else wrote: applied whole, or refused with everything as it was.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { applyToFiles } from "../../src/git/apply-to-files.ts";
import { createGit } from "../../src/git/plumbing.ts";
import { type Repo, repo } from "../support/repo.ts";

const FILES = { "x.txt": "one\ntwo\nthree\n", "sub/y.txt": "a\nb\nc\n", "crlf.txt": "p\r\nq\r\n" };
const CHANGE = "--- a/x.txt\n+++ b/x.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+zwei\n three\n";

async function apply(at: Repo, diff: string | Buffer, below = "") {
	at.write("../the.diff", diff);
	const before = snapshot(at);
	const result = await applyToFiles(createGit(at.env, { cwd: at.path }), {
		file: join(at.home, "the.diff"),
		top: at.path,
		below,
		gitDir: join(at.path, ".git"),
		indexFile: join(at.home, "apply.index"),
		refusal: (path) => (path.startsWith("tasks/") ? "ledger_path" : null),
	});
	const changed = snapshot(at) !== before;
	if (!result.applied) expect(changed, "a refused diff changes nothing").toBe(false);
	return result;
}

function snapshot(at: Repo): string {
	return at.git("status", "--porcelain", "--ignored", "--untracked-files=all") + at.git("diff");
}

async function place(): Promise<Repo> {
	return await repo({ files: { ...FILES, link: { link: "../elsewhere" } } });
}

describe("a diff from outside", () => {
	test("is applied: changed, made, removed, renamed files, an executable and a binary one", async () => {
		const at = await place();
		at.write("x.txt", "one\nzwei\nthree\n");
		at.write("new/n.sh", { executable: "#!/bin/sh\n" });
		at.write("raw.bin", Buffer.from([0, 1, 2, 255]));
		at.git("mv", "sub/y.txt", "sub/z.txt");
		at.git("rm", "-q", "crlf.txt");
		at.git("add", "-A");
		const diff = at.gitBytes("diff", "--binary", "--cached", "HEAD");
		const wanted = at.git("write-tree");
		at.git("reset", "-q", "--hard");
		at.git("clean", "-qfd");
		expect(await apply(at, diff)).toEqual({
			applied: true,
			paths: ["crlf.txt", "new/n.sh", "raw.bin", "sub/y.txt", "sub/z.txt", "x.txt"],
		});
		expect(at.git("diff", "--cached")).toBe("");
		at.git("add", "-A");
		expect(at.git("write-tree")).toBe(wanted);
	});

	test.each([
		["as it stands", CHANGE],
		["with wrong counts", CHANGE.replace("-1,3 +1,3", "-1,9 +1,2")],
		["at another line", CHANGE.replace("-1,3 +1,3", "-40,3 +40,3")],
		[
			"with an empty line that lost its space",
			CHANGE.replace("\n three", "\n three\n").replace("-1,3 +1,3", "-1,4 +1,4"),
		],
	])("%s is taken", async (name, diff) => {
		const at = await place();
		if (name.includes("empty")) {
			at.write("x.txt", "one\ntwo\nthree\n\n");
			at.git("commit", "-qam", "more");
		}
		expect(await apply(at, diff)).toEqual({ applied: true, paths: ["x.txt"] });
		expect(at.read("x.txt")).toContain("zwei");
	});

	test("is taken as it stands, whatever the user has told git of whitespace", async () => {
		const at = await place();
		at.git("config", "apply.whitespace", "error");
		at.git("config", "apply.ignoreWhitespace", "change");
		expect(await apply(at, CHANGE.replace("+zwei", "+zwei  "))).toMatchObject({ applied: true });
		expect(at.read("x.txt")).toBe("one\nzwei  \nthree\n");
		at.write("x.txt", "o  ne\ntwo\nthree\n");
		expect(await apply(at, CHANGE.replace(" one", " o ne"))).toMatchObject({ reason: "does_not_apply" });
	});

	test("begins at the folder that it is for", async () => {
		const at = await place();
		const diff = "--- a/y.txt\n+++ b/y.txt\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n";
		expect(await apply(at, diff, "sub")).toEqual({ applied: true, paths: ["sub/y.txt"] });
		expect(at.read("sub/y.txt")).toBe("a\nB\nc\n");
	});

	const made = (path: string) => `--- /dev/null\n+++ b/${path}\n@@ -0,0 +1 @@\n+bad\n`;
	const refused: readonly (readonly [string, string, string])[] = [
		["nothing", "", "does_not_apply"],
		["words", "I could not do it.\n", "does_not_apply"],
		["a file that is not there", CHANGE.replaceAll("x.txt", "w.txt"), "does_not_apply"],
		["lines that are not there", CHANGE.replace("-two", "-due"), "does_not_apply"],
		["half of it fitting", CHANGE + CHANGE.replaceAll("x.txt", "w.txt"), "does_not_apply"],
		["a file that is there already", made("x.txt"), "does_not_apply"],
		["a way up", made("../out.txt"), "path_outside"],
		["a way up in the middle", made("sub/../../out.txt"), "path_outside"],
		["an absolute path", made("/etc/out.txt"), "path_outside"],
		["git's own folder", made(".git/hooks/pre-commit"), "path_outside"],
		["git's own folder in other letters", made("sub/.GIT/config"), "path_outside"],
		["the ledger", made("tasks/tsk_1.md"), "ledger_path"],
		["one good and one bad", CHANGE + made("tasks/tsk_1.md"), "ledger_path"],
		[
			"a rename out of the ledger",
			"diff --git a/tasks/a.md b/b.md\nsimilarity index 100%\nrename from tasks/a.md\nrename to b.md\n",
			"ledger_path",
		],
		["a way through a link", made("link/out.txt"), "does_not_apply"],
		[
			"a link and a way through it",
			`diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+..\n\\ No newline at end of file\n${made("l/out.txt")}`,
			"does_not_apply",
		],
		[
			"a submodule, beside a change",
			`${CHANGE}diff --git a/s b/s\nnew file mode 160000\nindex 0000000..1111111\n--- /dev/null\n+++ b/s\n@@ -0,0 +1 @@\n+Subproject commit 1111111111111111111111111111111111111111\n`,
			"does_not_apply",
		],
		["a file cut off", CHANGE.slice(0, 60), "does_not_apply"],
	];

	test("is refused where it does not fit, or leads where it must not", async () => {
		const at = await place();
		for (const [name, diff, reason] of refused) {
			expect(await apply(at, diff), name).toMatchObject({ applied: false, reason });
			expect(at.exists("../out.txt"), name).toBe(false);
		}
	});
});
