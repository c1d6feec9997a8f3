// Objects read over one git process and written in this one: what is written here, git reads, and the other way round.
import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type ObjectReader, openObjectReader } from "../../src/git/object-reader.ts";
import { objectId, writeObject } from "../../src/git/object-writer.ts";
import { type Repo, repo, temporaryFolder } from "../support/repo.ts";
import { shell } from "../support/shell.ts";

const readers: ObjectReader[] = [];
afterEach(() => {
	for (const reader of readers.splice(0)) reader.close();
});

function readerOf(made: Repo): ObjectReader {
	const reader = openObjectReader(made.env, made.path);
	readers.push(reader);
	return reader;
}

/** The `git cat-file` processes that this one has started. */
function gitChildren(): number[] {
	return readdirSync("/proc").flatMap((name) => {
		try {
			const parent = Number(readFileSync(`/proc/${name}/stat`, "latin1").split(") ")[1]?.split(" ")[1]);
			const command = readFileSync(`/proc/${name}/cmdline`, "latin1");
			return parent === process.pid && command.includes("cat-file") ? [Number(name)] : [];
		} catch {
			return [];
		}
	});
}

const storeOf = (made: Repo, objectIdLength: 40 | 64 = 40) => ({ commonDir: join(made.path, ".git"), objectIdLength });

describe("an object reader", () => {
	test("answers in the order of the questions, whatever their size", async () => {
		const made = await repo({ files: { small: "s\n", large: "x".repeat(3_000_000), empty: "" } });
		const reader = readerOf(made);
		const names = ["HEAD:large", "HEAD:empty", "nothing", "HEAD:small", "HEAD:large", "HEAD^{tree}", "HEAD"];
		const answers = await Promise.all(names.map((name) => reader.read(name)));
		expect(answers.map((answer) => answer?.content.length ?? null).slice(0, 5)).toEqual([
			3_000_000,
			0,
			null,
			2,
			3_000_000,
		]);
		expect(answers.slice(5).map((answer) => answer?.type)).toEqual(["tree", "commit"]);
		expect(answers[6]?.oid).toBe(made.git("rev-parse", "HEAD"));
	});

	test("goes on when somebody kills its git", async () => {
		const made = await repo({ files: { small: "s\n" } });
		const reader = readerOf(made);
		expect((await reader.read("HEAD:small"))?.content.toString()).toBe("s\n");
		for (let times = 0; times < 3; times += 1) {
			const pending = reader.read("HEAD:small");
			for (const pid of gitChildren()) process.kill(pid, "SIGKILL");
			expect((await pending)?.content.toString()).toBe("s\n");
		}
	});

	test("sees what was written after it was opened", async () => {
		const made = await repo({ files: { a: "a\n" } });
		const reader = readerOf(made);
		expect(await reader.read("refs/heads/side")).toBeNull();
		const oid = writeObject(storeOf(made), "blob", Buffer.from("later\n"));
		made.git("branch", "side");
		expect((await reader.read(oid))?.content.toString()).toBe("later\n");
		expect((await reader.read("refs/heads/side"))?.type).toBe("commit");
		made.git("repack", "-a", "-d", "--quiet");
		expect((await reader.read("HEAD:a"))?.content.toString()).toBe("a\n");
	});

	test("gives content that later answers do not change", async () => {
		const made = await repo({ files: { a: "first\n", b: "other\n" } });
		const reader = readerOf(made);
		const first = await reader.read("HEAD:a");
		await reader.read("HEAD:b");
		expect(first?.content.toString()).toBe("first\n");
	});

	test("refuses questions in a folder that is no repository, instead of waiting", async () => {
		const folder = temporaryFolder();
		const reader = openObjectReader({ PATH: process.env.PATH ?? "" }, folder);
		readers.push(reader);
		await expect(reader.read("HEAD")).rejects.toMatchObject({ code: "git_failed" });
		await expect(reader.read("HEAD")).rejects.toMatchObject({ code: "git_failed" });
	});

	test("says when git cannot be started", async () => {
		const folder = temporaryFolder();
		const reader = openObjectReader({ PATH: folder }, folder);
		readers.push(reader);
		await expect(reader.read("HEAD")).rejects.toMatchObject({ code: "git_missing" });
	});
});

describe("an object writer", () => {
	test.each([
		["sha1", [], 40 as const],
		["sha256", ["--object-format=sha256"], 64 as const],
	])("gives content the id that git gives it (%s)", async (_, init, length) => {
		const made = await repo({ init });
		for (const text of ["", "x", "line\n", "漢字\0binary", "y".repeat(200_000)]) {
			made.write("../blob", text);
			const oid = writeObject(storeOf(made, length), "blob", Buffer.from(text));
			expect(oid).toBe(made.git("hash-object", "../blob"));
			expect(made.gitBytes("cat-file", "blob", oid).toString()).toBe(text);
			expect(objectId({ objectIdLength: length }, "blob", Buffer.from(text))).toBe(oid);
		}
		made.git("fsck", "--strict", "--no-dangling");
	});

	test("leaves an object alone that is there already", async () => {
		const made = await repo();
		const oid = writeObject(storeOf(made), "blob", Buffer.from("once\n"));
		const path = join(made.path, ".git", "objects", oid.slice(0, 2), oid.slice(2));
		const before = statSync(path, { bigint: true });
		writeObject(storeOf(made), "blob", Buffer.from("once\n"));
		expect(statSync(path, { bigint: true })).toMatchObject({ ino: before.ino, mtimeNs: before.mtimeNs });
	});

	test("keeps a shared repository readable for its group, whatever the umask", async () => {
		const made = await repo({ init: ["--shared=group"] });
		const before = process.umask(0o077);
		try {
			const oid = writeObject(storeOf(made), "blob", Buffer.from("shared\n"));
			const folder = join(made.path, ".git", "objects", oid.slice(0, 2));
			expect(statSync(folder).mode & 0o770).toBe(0o770);
			expect(statSync(join(folder, oid.slice(2))).mode & 0o777).toBe(0o444);
		} finally {
			process.umask(before);
		}
	});

	test("leaves nothing behind when it fails", async () => {
		const made = await repo();
		const content = Buffer.from("blocked\n");
		const oid = objectId({ objectIdLength: 40 }, "blob", content);
		// A folder with the object's own name: the rename at the end cannot succeed.
		made.write(`.git/objects/${oid.slice(0, 2)}/${oid.slice(2)}.d/x`, "");
		const folder = join(made.path, ".git", "objects", oid.slice(0, 2));
		chmodSync(folder, 0o755);
		shell(made, `rm -rf "${folder}" && ln -s /nonexistent "${folder}"`);
		expect(() => writeObject(storeOf(made), "blob", content)).toThrow(
			expect.objectContaining({ code: "file_failed", message: expect.stringContaining(oid.slice(0, 2)) }),
		);
		shell(made, `rm "${folder}"`);
		expect(existsSync(folder)).toBe(false);
		expect(readdirSync(join(made.path, ".git", "objects")).sort()).toEqual(["info", "pack"]);
	});
});
