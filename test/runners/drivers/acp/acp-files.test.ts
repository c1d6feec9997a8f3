import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { agentFiles, FileMissing, FileRefused, isInFolder } from "../../../../src/runners/drivers/acp/acp-files.ts";
import { temporaryFolder } from "../../../support/repo.ts";

function place() {
	const above = temporaryFolder();
	const root = join(above, "work");
	mkdirSync(join(root, "sub"), { recursive: true });
	mkdirSync(join(above, "work-2"));
	writeFileSync(join(above, "secret"), "secret");
	writeFileSync(join(root, "a.txt"), "one\ntwo\nthree", { mode: 0o755 });
	writeFileSync(join(root, ".git"), "gitdir: x");
	symlinkSync("..", join(root, "up"));
	symlinkSync("../secret", join(root, "link"));
	symlinkSync("../not-there", join(root, "dangling"));
	symlinkSync("a.txt", join(root, "inner"));
	return { above, root, files: agentFiles(root, true) };
}

describe("files of an agent", () => {
	test("are read whole or by lines", async () => {
		const { root, files } = place();
		expect(await files.read(join(root, "a.txt"))).toBe("one\ntwo\nthree");
		expect(await files.read(join(root, "a.txt"), 2)).toBe("two\nthree");
		expect(await files.read(join(root, "a.txt"), 2, 1)).toBe("two\n");
		expect(await files.read(join(root, "a.txt"), 9, 1)).toBe("");
		expect(await files.read(join(root, "inner"), null, null)).toBe("one\ntwo\nthree");
	});

	test("are written with the folders that they need, and keep their mode", async () => {
		const { root, files } = place();
		await files.write(join(root, "new", "deep", "b.txt"), "b\n");
		await files.write(join(root, "a.txt"), "new");
		expect(readFileSync(join(root, "new/deep/b.txt"), "utf8")).toBe("b\n");
		expect(readFileSync(join(root, "a.txt"), "utf8")).toBe("new");
		expect(statSync(join(root, "a.txt")).mode & 0o777).toBe(0o755);
	});

	test.each([
		["above", (root: string) => join(root, "..", "secret")],
		["a folder whose name begins the same", (root: string) => `${root}-2/x`],
		["through a link to a folder", (root: string) => join(root, "up", "secret")],
		["a new file through a link to a folder", (root: string) => join(root, "up", "new")],
		["a link to a file", (root: string) => join(root, "link")],
		["a link to nothing", (root: string) => join(root, "dangling")],
		["below a link to nothing", (root: string) => join(root, "dangling", "x")],
		["the folder itself", (root: string) => root],
		["git's file", (root: string) => join(root, ".git")],
		["git's folder in another case", (root: string) => join(root, "sub", ".GIT", "hooks", "pre-commit")],
		["a NUL", (root: string) => join(root, "a\0b")],
		["a folder", (root: string) => join(root, "sub")],
		["a system file", () => "/etc/passwd"],
	])("%s is refused", async (_, pathIn) => {
		const { above, root, files } = place();
		const path = pathIn(root);
		await expect(files.read(path)).rejects.toThrow(FileRefused);
		await expect(files.write(path, "evil")).rejects.toThrow(FileRefused);
		expect(readFileSync(join(above, "secret"), "utf8")).toBe("secret");
		for (const name of ["new", "not-there"]) expect(existsSync(join(above, name)), name).toBe(false);
	});

	test("a pipe, a huge file and a missing one are refused at once", async () => {
		const { root, files } = place();
		execFileSync("mkfifo", [join(root, "pipe")]);
		writeFileSync(join(root, "huge"), "");
		truncateSync(join(root, "huge"), 20 * 1024 * 1024);
		for (const name of ["pipe", "huge", "none"])
			await expect(files.read(join(root, name)), name).rejects.toThrow(FileRefused);
		await expect(files.read(join(root, "none"))).rejects.toThrow(FileMissing);
		await expect(files.write(join(root, "pipe"), "x")).rejects.toThrow(FileRefused);
	});

	test("a run that may only read writes nothing", async () => {
		const { root } = place();
		await expect(agentFiles(root, false).write(join(root, "a.txt"), "x")).rejects.toThrow(FileRefused);
		expect(readFileSync(join(root, "a.txt"), "utf8")).toBe("one\ntwo\nthree");
	});

	test("a path that is not absolute counts from the folder", async () => {
		const { root } = place();
		expect(await isInFolder(root, "sub/x")).toBe(true);
		expect(await isInFolder(root, "../secret")).toBe(false);
	});
});
