// A full or read-only disk: a clear error, exit code 1, everything as it was, and the next command works once there is room.
import { randomBytes } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fill, readOnly, smallDisk } from "../support/disk.ts";
import { type Repo, repo, repoAt, temporaryFolder } from "../support/repo.ts";

/** A repository on a disk of its own; null where none may be mounted. */
async function repoOnSmallDisk(kibibytes: number): Promise<Repo | null> {
	const disk = join(temporaryFolder(), "disk");
	if (!smallDisk(disk, kibibytes)) return null;
	// Enough files that the index, too, is longer than a block: a full disk then takes only a part of it.
	const many = Array.from({ length: 60 }, (_, number) => [`code/file-${number}.txt`, "code\n"]);
	const files = { ...Object.fromEntries(many), "code.txt": "code\n", ".gitignore": "filler\n" };
	const origin = await repo({ ledger: true, files });
	origin.git("clone", "--quiet", origin.path, join(disk, "repo"));
	const made = repoAt(join(disk, "repo"), origin.home, origin.env);
	made.git("remote", "set-head", "origin", "--delete");
	made.git("remote", "remove", "origin");
	return made;
}

function traces(made: Repo): string[] {
	const folders = [".git", ".git/msgcode", "tasks"].map((name) => join(made.path, name));
	const names = folders.flatMap((folder) => readdirSync(folder));
	const objects = readdirSync(join(made.path, ".git", "objects"), { recursive: true, encoding: "utf8" });
	return [...names, ...objects].filter((name) => /journal|\.lock$|tmp|msgcode-index/.test(name));
}

function claimsOf(made: Repo): string[] {
	return made.exists(".git/msgcode/claims") ? readdirSync(join(made.path, ".git", "msgcode", "claims")) : [];
}

/** What must not change when a command fails. */
const stateOf = (made: Repo) => ({
	head: made.git("rev-parse", "HEAD"),
	status: made.git("status", "--porcelain", "--untracked-files=all"),
	index: made.git("ls-files", "--stage"),
	tasks: readdirSync(join(made.path, "tasks")).filter((name) => name !== "index.json"),
});

describe("a disk that is full", () => {
	test("at any point of a change leaves all as it was, and the change goes through once there is room", async (context) => {
		const made = await repoOnSmallDisk(4096);
		if (made === null) return context.skip("this machine lets no test mount a small disk; see the fail points below");
		const id = (await made.msgcode("task", "add", "A task", "--json")).json().data.id;
		made.write("staged.txt", "staged\n");
		made.git("add", "staged.txt");
		const outcomes = new Set<number>();
		const changes = [
			["task", "add", "Another", "--prompt", randomBytes(9000).toString("base64")],
			["task", "edit", id, "--prompt", randomBytes(9000).toString("base64")],
		];
		// From no room at all up to just enough: each step of the change is the first that finds none.
		for (let blocks = 0; blocks <= 24; blocks += 1) {
			for (const argv of changes) {
				const before = stateOf(made);
				const makeRoom = fill(made.path, blocks * 4096);
				const result = await made.msgcode(...argv, "--json");
				outcomes.add(result.exitCode);
				makeRoom();
				if (result.exitCode === 0) continue;
				const line = `${argv.slice(0, 2).join(" ")} with ${blocks} blocks: ${result.stdout}`;
				expect(result.exitCode, line).toBe(1);
				expect(result.json().error, line).toMatchObject({ code: "disk_full", hint: expect.stringContaining("space") });
				// What could not be undone on the full disk is undone by the next command, whichever it is.
				await made.msgcode("task", "list");
				expect(stateOf(made), line).toEqual(before);
				expect(traces(made), line).toEqual([]);
			}
		}
		expect([...outcomes].sort()).toEqual([0, 1]);
		for (const argv of changes) expect((await made.msgcode(...argv)).exitCode).toBe(0);
		expect(made.git("status", "--porcelain")).toBe("A  staged.txt");
		made.git("fsck", "--no-dangling", "--no-progress");
	});

	test("before a run starts leaves no worktree, branch or claim", async (context) => {
		const made = await repoOnSmallDisk(4096);
		if (made === null) return context.skip("this machine lets no test mount a small disk");
		const id = (await made.msgcode("task", "add", "A task", "--json")).json().data.id;
		await made.msgcode("task", "edit", id, "--priority", "6");
		const before = stateOf(made);
		for (const blocks of [0, 2, 6]) {
			const makeRoom = fill(made.path, blocks * 4096);
			const result = await made.msgcodeProcess("--json", "task", "run", id, "--", "sh", "-c", "echo x >made.txt");
			makeRoom();
			expect(result.exitCode, result.stdout).toBe(1);
			expect(result.json().error.code, result.stdout).toBe("disk_full");
			expect(await made.msgcodeProcess("task", "list")).toMatchObject({ exitCode: 0 });
			expect(made.git("for-each-ref", "refs/heads/msgcode")).toBe("");
			expect(made.git("worktree", "list").split("\n")).toHaveLength(1);
			expect(claimsOf(made)).toEqual([]);
		}
		const after = await made.msgcode("--json", "task", "run", id, "--", "sh", "-c", "echo x >made.txt");
		expect(after.json().data).toMatchObject({ status: "ok", noChanges: false });
		expect(before.status).toBe("");
	});

	test("that a run filled itself loses nothing of its work", async (context) => {
		const made = await repoOnSmallDisk(4096);
		if (made === null) return context.skip("this machine lets no test mount a small disk");
		const id = (await made.msgcode("task", "add", "A task", "--json")).json().data.id;
		const script = "echo made >made.txt; cat /dev/zero >filler 2>/dev/null; true";
		const result = await made.msgcodeProcess("--json", "task", "run", id, "--", "sh", "-c", script);
		expect(result.exitCode, result.stdout).toBe(1);
		const worktree = join(made.path, "worktrees", id);
		expect(readdirSync(worktree)).toContain("made.txt");
		rmSync(join(worktree, "filler"));
		// The process that supervised it is gone: the next command collects and records what it left.
		expect((await made.msgcode("task", "list")).exitCode).toBe(0);
		const runs = (await made.msgcode("run", "list", "--json")).json().data;
		expect(runs).toHaveLength(1);
		const { ref } = (await made.msgcode("run", "show", runs[0].runId, "--json")).json().data;
		expect(made.git("show", `${ref}:made.txt`)).toBe("made");
		expect(made.git("status", "--porcelain")).toBe("");
	});

	// The same by fail points, on every machine.
	test.each([
		"files.temp-written",
		"ledger.journal-written",
		"ledger.file-written",
		"index.lock-written",
		"ledger.index-written",
	])("simulated at %s fails a whole command with exit code 1", async (point) => {
		const made = await repo({ ledger: true, staged: { "staged.txt": "staged\n" } });
		const id = (await made.msgcode("task", "add", "A task", "--json")).json().data.id;
		for (const argv of [
			["task", "add", "Another"],
			["task", "edit", id, "--title", "New"],
			["task", "close", id],
		]) {
			const before = stateOf(made);
			const env = { MSGCODE_FAILPOINT: `${point}:enospc` };
			const result = await made.msgcodeWith({ env }, ...argv, "--json");
			expect(result.json().error, argv.join(" ")).toMatchObject({ code: "disk_full" });
			expect(result.exitCode).toBe(1);
			expect(stateOf(made)).toEqual(before);
			expect(traces(made)).toEqual([]);
		}
		expect((await made.msgcode("task", "close", id)).exitCode).toBe(0);
	});
});

describe("a read-only", () => {
	const CHANGES = (id: string) => [
		["task", "add", "Another"],
		["task", "edit", id, "--title", "New"],
		["task", "block", id, "--reason", "x"],
		["task", "close", id],
		["task", "rm", id, "--yes"],
	];

	test.for(["tasks", ".git", "."])(
		"%s refuses every change with a clear error, and reading goes on",
		async (folder, context) => {
			const made = await repo({ ledger: true, files: { "code.txt": "code\n" } });
			const id = (await made.msgcode("task", "add", "A task", "--json")).json().data.id;
			const before = stateOf(made);
			const undo = readOnly(join(made.path, folder));
			if (undo === null) return context.skip("this machine lets no test make a folder read-only for root");
			for (const argv of CHANGES(id)) {
				const result = await made.msgcode(...argv, "--json");
				expect(result.exitCode, `${argv.join(" ")}: ${result.stdout}`).toBe(1);
				expect(result.json().error, argv.join(" ")).toMatchObject({ code: "read_only", hint: expect.any(String) });
				expect(result.json().error.message).toContain(folder === "." ? "repo" : folder);
			}
			for (const argv of [["task", "list"], ["task", "show", id], ["task", "log", id], ["run", "list"], ["prime"]]) {
				const result = await made.msgcode(...argv);
				expect(result.exitCode, `${argv.join(" ")}\n${result.stderr}`).toBe(0);
			}
			expect(stateOf(made)).toEqual(before);
			undo();
			expect(traces(made)).toEqual([]);
			for (const argv of CHANGES(id).slice(0, 3))
				expect((await made.msgcode(...argv)).exitCode, argv.join(" ")).toBe(0);
			expect(made.git("status", "--porcelain")).toBe("");
		},
	);

	test("worktrees folder fails a run before it starts", async (context) => {
		const made = await repo({ ledger: true, files: { "code.txt": "code\n" } });
		const id = (await made.msgcode("task", "add", "A task", "--json")).json().data.id;
		made.write("worktrees/keep", "");
		const undo = readOnly(join(made.path, "worktrees"));
		if (undo === null) return context.skip("this machine lets no test make a folder read-only for root");
		const result = await made.msgcode("--json", "task", "run", id, "--", "true");
		expect(result.exitCode).toBe(1);
		expect(result.json().error.code).toBe("read_only");
		undo();
		expect(claimsOf(made)).toEqual([]);
		expect((await made.msgcode("task", "run", id, "--", "true")).exitCode).toBe(0);
	});
});
