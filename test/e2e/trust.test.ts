// A pulled file never executes by itself: what a task would run is held until this user, on this machine, has said yes to
// exactly that.
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import type { CliResult } from "../support/cli.ts";
import { type Repo, repo } from "../support/repo.ts";

/** Alice writes tasks; Bob has pulled them. */
let alice: Repo;
let bob: Repo;
let id: string;

const proof = (made: Repo) => join(made.home, "proof");

beforeEach(async () => {
	alice = await repo({ ledger: true, files: { "code.txt": "code\n" } });
	const added = await alice.msgcode(
		...["task", "add", "Touch the proof", "--json", "--runner", "shell", "--prompt", "Do it."],
		...["--check", "test -e code.txt", "--", "touch", proof(alice)],
	);
	id = added.json().data.id;
	bob = alice.clone();
});

const executed = () => alice.exists("../proof");

async function expectHeld(result: CliResult, reason?: string): Promise<void> {
	expect(result.exitCode, result.stdout + result.stderr).toBe(6);
	expect(result.json().error).toMatchObject({
		code: "approval_required",
		...(reason === undefined ? {} : { details: { reason } }),
	});
	expect(executed()).toBe(false);
}

const run = (made: Repo, ...flags: string[]) => made.msgcode("--json", "task", "run", id, ...flags);

/** Alice changes the task's text by hand and commits it with git; Bob pulls. */
function pulled(change: (text: string) => string): void {
	alice.write(`tasks/${id}.md`, change(alice.read(`tasks/${id}.md`)));
	alice.commitAll("changed");
	bob.git("pull", "--quiet", "--rebase");
}

describe("a task that arrived by git pull", () => {
	test("is not run without approval, by any verb and with any flag, and leaves no trace", async () => {
		const head = bob.git("rev-parse", "HEAD");
		await expectHeld(await run(bob), "never approved");
		await expectHeld(await run(bob, "--yes"));
		await expectHeld(await run(bob, "--in-place"));
		await expectHeld(await run(bob, "--worktree", "--yes", "--close"));
		await expectHeld(await run(bob, "--carry"));
		await expectHeld(await run(bob, "--timeout", "5s", "--idempotency-key", "k"));
		await expectHeld(await bob.msgcode("--json", "--yes", "task", "execute", id));
		await expectHeld(await run(bob, "--approve", "0123456789abcdef"));
		await expectHeld(await run(bob, "--approve", ""));
		// A command of one's own, but with the pulled task's checks: those are held as well.
		await expectHeld(await run(bob, "--", "true"));
		await expectHeld(await bob.msgcodeProcess("--json", "--yes", "task", "run", id));
		expect(bob.git("rev-parse", "HEAD")).toBe(head);
		expect(bob.git("status", "--porcelain")).toBe("");
		expect(bob.exists("worktrees")).toBe(false);
		expect(bob.exists(".git/msgcode/claims")).toBe(false);
	});

	test("is said to be held, with what it would execute, wherever it is shown", async () => {
		const shown = await bob.msgcode("task", "show", id, "--json");
		expect(shown.json().data).toMatchObject({ held: true, broken: false });
		expect((await bob.msgcode("task", "show", id)).stdout).toMatch(/held.*never approved/);
		expect((await run(bob)).json().error.details.difference.join("\n")).toMatch(/touch[\s\S]*proof/);
		expect((await run(alice, "--dry-run")).exitCode).toBe(0);
	});

	test("runs with the digest that the refusal named, and from then on without it", async () => {
		const { digest } = (await run(bob)).json().error.details;
		expect((await run(bob, "--approve", digest)).exitCode).toBe(0);
		expect(executed()).toBe(true);
		expect((await run(bob)).exitCode).toBe(0);
	});

	test("runs after `task approve`, which needs a yes", async () => {
		expect((await bob.msgcode("task", "approve", id)).exitCode).toBe(2);
		await expectHeld(await run(bob));
		expect((await bob.msgcode("task", "approve", id, "--yes")).exitCode).toBe(0);
		expect((await run(bob)).exitCode).toBe(0);
		expect(executed()).toBe(true);
	});

	test("is shown and asked about at a terminal, where --yes is no answer", async () => {
		const no = await bob.msgcodeWith({ terminal: 80, answers: ["n"] }, "task", "run", id, "--yes");
		expect(no.exitCode).toBe(130);
		expect(no.stderr).toMatch(/\+.*touch/);
		const nothing = await bob.msgcodeWith({ terminal: 80, answers: [] }, "task", "run", id);
		expect(nothing.exitCode).toBe(130);
		expect(executed()).toBe(false);
		const yes = await bob.msgcodeWith({ terminal: 80, answers: ["yes"] }, "task", "run", id);
		expect(yes.exitCode, yes.stderr).toBe(0);
		expect(executed()).toBe(true);
	});

	test("hides nothing from the terminal that asks about it", async () => {
		pulled((text) => text.replace("touch", '"touch\\u001b[2K\\u001b[1A\\u202e"'));
		const asked = await bob.msgcodeWith({ terminal: 80, answers: ["n"] }, "task", "run", id);
		expect(asked.stderr.replaceAll(/\u001b\[\d*m/g, "")).not.toMatch(/[\u001b\u202e]/);
	});

	test("without any command needs no approval for a command of one's own", async () => {
		const plain = (await alice.msgcode("task", "add", "Plain", "--json")).json().data.id;
		bob.git("pull", "--quiet");
		expect((await bob.msgcode("task", "run", plain, "--", "true")).exitCode).toBe(0);
	});
});

describe("a task that was approved", () => {
	beforeEach(async () => {
		expect((await bob.msgcode("task", "approve", id, "--yes")).exitCode).toBe(0);
	});

	test.each<[string, (text: string) => string]>([
		["its prose", (text) => `${text}\nAnd do it well.\n`],
		["its title", (text) => text.replace("Touch the proof", "Touch it")],
		["its priority", (text) => text.replace("---\n", "---\npriority: 9\n").replace(/\npriority: 5\n/, "\n")],
		["a comment", (text) => text.replace("---\n", "---\n# a comment\n")],
	])("is not asked about again when a pull brings a change of %s", async (_, change) => {
		pulled(change);
		const result = await run(bob);
		expect(result.exitCode, result.stdout).toBe(0);
		expect(executed()).toBe(true);
	});

	test.each<[string, (text: string) => string]>([
		["an argument", (text) => text.replace("- touch", "- rm")],
		["a check", (text) => text.replace("test -e code.txt", "touch forged")],
		["one more check", (text) => text.replace(/( *)- test -e code.txt\n/, "$1- test -e code.txt\n$1- touch forged\n")],
		["a variable", (text) => text.replace("  kind: shell\n", "  kind: shell\n  env: {LD_PRELOAD: x.so}\n")],
		["a script", (text) => text.replace(/ {2}args:\n(?: +- .*\n)+/, "  script: touch forged\n")],
		["the kind of its runner", (text) => text.replace("kind: shell", "kind: claude")],
	])("is held again when a pull brings a change of %s", async (_, change) => {
		const before = alice.read(`tasks/${id}.md`);
		expect(change(before)).not.toBe(before);
		pulled(change);
		await expectHeld(await run(bob, "--yes"), "command changed");
		expect((await bob.msgcode("task", "show", id, "--json")).json().data.held).toBe(true);
	});

	test("is held again when a merge brings the change", async () => {
		alice.git("switch", "--quiet", "-c", "feature");
		alice.write(`tasks/${id}.md`, alice.read(`tasks/${id}.md`).replace("- touch", "- rm"));
		alice.commitAll("changed on a branch");
		bob.git("fetch", "--quiet");
		bob.git("merge", "--quiet", "--no-edit", "origin/feature");
		await expectHeld(await run(bob), "command changed");
	});

	test("is held on the branch that changes it, and free on the one that does not", async () => {
		bob.git("switch", "--quiet", "-c", "other");
		bob.write(`tasks/${id}.md`, bob.read(`tasks/${id}.md`).replace("- touch", "- rm"));
		bob.commitAll("changed by git, not by msgcode");
		await expectHeld(await run(bob), "command changed");
		bob.git("switch", "--quiet", "main");
		expect((await run(bob)).exitCode).toBe(0);
	});

	test("is not approved in a clone of that clone", async () => {
		const carol = bob.clone();
		await expectHeld(await run(carol), "never approved");
		const files = bob.git("ls-tree", "-r", "--name-only", "HEAD");
		expect(files).not.toMatch(/approv/i);
		expect(bob.git("for-each-ref")).not.toMatch(/approv/i);
	});
});

describe("one's own task", () => {
	test("runs without a question, and after every edit that msgcode made", async () => {
		expect((await run(alice)).exitCode).toBe(0);
		await alice.msgcode("task", "edit", id, "--check", "true");
		expect((await run(alice)).exitCode).toBe(0);
	});

	test("is held after an edit by hand, committed with git or not, until it is approved", async () => {
		alice.write(`tasks/${id}.md`, alice.read(`tasks/${id}.md`).replace("test -e code.txt", "test -d ."));
		await expectHeld(await run(alice), "command changed");
		alice.commitAll("by hand");
		await expectHeld(await run(alice), "command changed");
		expect((await alice.msgcode("task", "approve", id, "--yes")).exitCode).toBe(0);
		expect((await run(alice)).exitCode).toBe(0);
	});

	test("committed by `msgcode commit` is asked about at a terminal, and held elsewhere, with --yes as well", async () => {
		const edit = (word: string) =>
			alice.write(`tasks/${id}.md`, alice.read(`tasks/${id}.md`).replace(/- (touch|echo|printf)\n/, `- ${word}\n`));
		edit("echo");
		const committed = await alice.msgcode("commit", "--yes", "--json");
		expect(committed.json()).toMatchObject({ data: { committed: [{ held: true }] }, warnings: [{ code: "held" }] });
		await expectHeld(await run(alice), "command changed");
		edit("printf");
		const asked = await alice.msgcodeWith({ terminal: 80, answers: ["y"] }, "commit", "--yes");
		expect(asked.exitCode).toBe(0);
		expect(asked.stderr).toMatch(/\+.*printf/);
		expect((await run(alice)).exitCode).toBe(0);
	});
});

describe("an edit through msgcode of a task that is held", () => {
	test("leaves it held, and says so", async () => {
		const edited = await bob.msgcode("task", "edit", id, "--title", "Innocent", "--json");
		expect(edited.exitCode).toBe(0);
		expect(edited.json().warnings).toMatchObject([{ code: "held" }]);
		await expectHeld(await run(bob), "never approved");
		// Not even an edit of the command itself: what else the file holds has not been looked at.
		await bob.msgcode("task", "edit", id, "--check", "true");
		await expectHeld(await run(bob), "never approved");
	});

	test("leaves it held when only the command had changed", async () => {
		await bob.msgcode("task", "approve", id, "--yes");
		pulled((text) => text.replace("- touch", "- rm"));
		await bob.msgcode("task", "edit", id, "--priority", "9");
		await expectHeld(await run(bob), "command changed");
	});
});

describe("settings that arrived by git pull", () => {
	test("that declare a runner in another way hold the tasks that use it", async () => {
		alice.write("msgcode.toml", '[runners.tool]\nargv = ["true"]\nsideEffects = ["read-only"]\n');
		alice.commitAll("a runner");
		const made = await alice.msgcode("task", "add", "With a tool", "--runner", "tool", "--json");
		expect(made.exitCode, made.stdout).toBe(0);
		id = made.json().data.id;
		bob.git("pull", "--quiet");
		expect((await bob.msgcode("task", "approve", id, "--yes")).exitCode).toBe(0);
		expect((await run(bob)).exitCode).toBe(0);
		alice.write("msgcode.toml", `[runners.tool]\nargv = ["touch", "${proof(alice)}"]\nsideEffects = ["read-only"]\n`);
		alice.commitAll("another runner under its name");
		bob.git("pull", "--quiet", "--rebase");
		await expectHeld(await run(bob, "--yes"), "command changed");
	});

	test("that name a default runner hold the tasks without one", async () => {
		const plain = (await alice.msgcode("task", "add", "Plain", "--json")).json().data.id;
		alice.write("msgcode.toml", `[runner]\ndefault = "tool"\n\n[runners.tool]\nargv = ["touch", "${proof(alice)}"]\n`);
		alice.commitAll("a default runner");
		bob.git("pull", "--quiet");
		id = plain;
		await expectHeld(await run(bob, "--yes"));
		await expectHeld(await run(alice, "--yes"));
	});
});

test("an agent's program is never one that the repository brings along, whatever PATH says", async () => {
	alice.write("claude", `#!/bin/sh\ntouch '${proof(alice)}'\n`);
	chmodSync(join(alice.path, "claude"), 0o755);
	alice.commitAll("a program");
	// What stands on PATH without a folder, or as `.`, is looked up where a program is started: in the worktree.
	const env = { ...alice.env, PATH: `:.:/usr/bin:/bin:` };
	const added = await alice.msgcode("task", "add", "Ask", "--json", "--runner", "claude", "--prompt", "Go.");
	const ran = await alice.msgcodeWith({ cwd: alice.path, env }, "task", "run", added.json().data.id, "--json");
	expect(ran.json().data).toMatchObject({ status: "error", errorCode: "RUNNER_NOT_FOUND" });
	expect(executed()).toBe(false);
});
