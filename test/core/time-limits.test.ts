// The three clocks of a program: its whole time, its silence, and its stay after the last word.
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { folderBytes, newestChange } from "../../src/core/folder-walk.ts";
import { createHold } from "../../src/core/hold.ts";
import type { ProgramInput } from "../../src/core/supervisor.ts";
import { endEverythingStarted, programArgv, supervise } from "../support/supervise.ts";

const folder = mkdtempSync(join(tmpdir(), "msgcode-clocks-"));

afterAll(async () => {
	await endEverythingStarted();
	rmSync(folder, { recursive: true });
});

function newFolder(name: string): string {
	mkdirSync(join(folder, name));
	return join(folder, name);
}

const script = (text: string) => ["/bin/sh", "-c", text];

describe("silence", () => {
	test("longer than its limit ends the program, and says which clock it was", async () => {
		const outcome = await supervise(programArgv("forever.sh"), { idleMs: 150 });
		expect(outcome).toMatchObject({ outcome: "timeout", timer: "idle", signal: "SIGINT", left: 0 });
	});

	test("is no silence while bytes come, on either stream, whole line or not", async () => {
		const outcome = await supervise(script("for n in 1 2 3 4 5 6 7 8 9 10 11 12; do printf . >&2; sleep 0.1; done"), {
			idleMs: 900,
		});
		expect(outcome).toMatchObject({ outcome: "exited", exitCode: 0, timer: null });
		expect(outcome.tookMs).toBeGreaterThan(1_100);
	});

	test("is no silence while files change in the watched folder, deep ones and rewritten ones too", async () => {
		const cwd = newFolder("busy");
		mkdirSync(join(cwd, "node_modules/deep"), { recursive: true });
		const work = "for n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo $n > node_modules/deep/same; sleep 0.1; done";
		const outcome = await supervise(script(work), { idleMs: 900, cwd, folders: { watched: [cwd], skipped: [] } });
		expect(outcome).toMatchObject({ outcome: "exited", exitCode: 0 });
		expect(outcome.tookMs).toBeGreaterThan(1_100);
	});

	test("changes in .git and in folders of others are no work of the program", async () => {
		const cwd = newFolder("others");
		for (const name of [".git", "worktrees"]) mkdirSync(join(cwd, name));
		const work = "while :; do date > .git/index; date > worktrees/other; sleep 0.05; done";
		const outcome = await supervise(script(work), {
			idleMs: 1_000,
			timeoutMs: 4_000,
			cwd,
			folders: { watched: [cwd], skipped: [join(cwd, "worktrees")] },
		});
		expect(outcome).toMatchObject({ outcome: "timeout", timer: "idle" });
	});

	test("with no limit lasts as long as the program", async () => {
		expect(await supervise(["sleep", "0.3"], { idleMs: null })).toMatchObject({ outcome: "exited" });
	});
});

describe("the whole time", () => {
	test("ends a program that is not silent at all", async () => {
		const outcome = await supervise(script("while :; do echo .; sleep 0.02; done"), { timeoutMs: 200, idleMs: 5_000 });
		expect(outcome).toMatchObject({ outcome: "timeout", timer: "wall" });
	});
});

describe("waiting for a person", () => {
	test("counts for no clock, and both go on after it", async () => {
		const hold = createHold();
		const began = performance.now();
		let released = 0;
		const running = supervise(programArgv("forever.sh"), {
			timeoutMs: 300,
			idleMs: 250,
			hold,
			onLine() {
				hold.begin();
				setTimeout(() => {
					hold.end();
					released = performance.now() - began;
				}, 600);
			},
		});
		const outcome = await running;
		expect(outcome).toMatchObject({ outcome: "timeout" });
		expect(released).toBeGreaterThan(500);
		expect(outcome.tookMs).toBeGreaterThan(released);
		expect(outcome.endedAtMs - outcome.startedAtMs).toBeGreaterThan(700);
	});

	test("within waiting counts once", () => {
		const hold = createHold();
		expect(hold.isHeld()).toBe(false);
		hold.end();
		hold.begin();
		hold.begin();
		hold.end();
		expect(hold.isHeld()).toBe(true);
		hold.end();
		expect(hold.isHeld()).toBe(false);
		const held = hold.heldMs();
		expect(hold.heldMs()).toBe(held);
	});
});

describe("after the last word", () => {
	const saying = (text: string) => {
		const lines: string[] = [];
		return { onLine: (line: string) => void lines.push(line), saidLastWord: () => lines.at(-1) === text };
	};

	test("a program that stays is ended and has lingered, whatever signal that took", async () => {
		const outcome = await supervise(programArgv("ignore-signals.sh"), {
			...saying("ready"),
			graceMs: 100,
			ladderMs: 400,
			timeoutMs: 10_000,
		});
		expect(outcome).toMatchObject({ outcome: "lingered", timer: null, signal: "SIGKILL", left: 0 });
	});

	test("its own end within the grace is an exit", async () => {
		const outcome = await supervise(script("echo done; sleep 0.1; exit 3"), { ...saying("done"), graceMs: 5_000 });
		expect(outcome).toMatchObject({ outcome: "exited", exitCode: 3 });
		expect(outcome.tookMs).toBeLessThan(3_000);
	});

	test("neither its silence nor its whole time ends it any more", async () => {
		const outcome = await supervise(script("echo done; sleep 0.4"), {
			...saying("done"),
			graceMs: 5_000,
			idleMs: 100,
			timeoutMs: 200,
		});
		expect(outcome).toMatchObject({ outcome: "exited", exitCode: 0 });
	});

	test("a word that was not the last gives the clocks back", async () => {
		const outcome = await supervise(script("echo done; sleep 0.05; echo more; sleep 1000"), {
			...saying("done"),
			graceMs: 400,
			idleMs: 200,
		});
		expect(outcome).toMatchObject({ outcome: "timeout", timer: "idle" });
	});

	test("a cancel in the grace is a cancel", async () => {
		const cancel = new AbortController();
		const outcome = await supervise(programArgv("forever.sh"), {
			saidLastWord: () => true,
			onLine: () => cancel.abort("cancel"),
			cancel: cancel.signal,
		});
		expect(outcome).toMatchObject({ outcome: "canceled" });
	});
});

describe("an open stdin", () => {
	const echo = programArgv("answer-lines.mjs");

	test("takes more lines later, and ends with the last word", async () => {
		let input: ProgramInput | undefined;
		const answers = ["first\n", "second\n"];
		const outcome = await supervise(echo, {
			stdin: "hello\n",
			stdinStaysOpen: true,
			onSpawn: (_, given) => {
				input = given;
			},
			onLine: () => void input?.write(answers.shift() ?? ""),
			saidLastWord: () => answers.length === 0,
		});
		expect(outcome).toMatchObject({ outcome: "exited", exitCode: 0 });
		expect(outcome.lines).toEqual(["got hello", "got first", "got second", "end"]);
		expect(input?.write("too late\n")).toBe(false);
	});

	test("of a program that closed it or is gone is no failure", async () => {
		const outcome = await supervise(script("exec 0<&-; echo ready; sleep 0.2; echo still here"), {
			stdin: null,
			stdinStaysOpen: true,
			onSpawn: (_, input) => {
				for (let times = 0; times < 50; times += 1) input.write("x".repeat(64 * 1024));
			},
		});
		expect(outcome).toMatchObject({ outcome: "exited", exitCode: 0, lines: ["ready", "still here"] });
	});
});

describe("a walk", () => {
	test("finds the newest change and follows no link", async () => {
		const at = newFolder("walk");
		const elsewhere = newFolder("elsewhere");
		mkdirSync(join(at, "a/b"), { recursive: true });
		writeFileSync(join(at, "a/b/file"), "1");
		const before = await newestChange([at]);
		expect(before).not.toBeNull();
		utimesSync(join(at, "a/b/file"), 1, 1);
		const after = await newestChange([at]);
		expect(after).toBeGreaterThan(before ?? 0);
		expect(await newestChange([join(elsewhere, "gone")])).toBeNull();
	});

	test("has an end, and what tools make comes last", async () => {
		const at = newFolder("large");
		for (const name of ["node_modules", "src"]) mkdirSync(join(at, name));
		for (let n = 0; n < 60; n += 1) writeFileSync(join(at, `node_modules/${n}`), "x".repeat(4096));
		writeFileSync(join(at, "src/one"), "x".repeat(4096));
		const all = await folderBytes([at]);
		const some = await folderBytes([at], { maxEntries: 3 });
		expect(some).toBeLessThan(all);
		expect(some).toBeGreaterThanOrEqual(4096);
	});
});
