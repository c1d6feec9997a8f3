// The clones of one history on disk: copies of a template repository that was made once, each with its ledger open in this
// process. Free of vitest, so that the soak test uses it as well.
import { execFileSync, spawnSync } from "node:child_process";
import {
	chmodSync,
	cpSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	realpathSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type Ledger, openLedger } from "../../src/ledger/ledger.ts";
import { openWorkspace } from "../../src/ledger/workspace.ts";
import { runCli } from "../support/cli.ts";
import { MAIN } from "../support/ground.ts";
import { type Reading, readCheckout } from "./reading.ts";

export interface Clone {
	/** A letter, for the account of what was done. */
	readonly name: string;
	readonly path: string;
	readonly env: Readonly<Record<string, string>>;
	readonly ledger: Ledger;
}

/** What a history has used up so far. */
export interface Counters {
	/** The next word's number. */
	edit: number;
	/** The time, in ms; every look at it takes a second. */
	nowMs: number;
}

export interface World {
	readonly home: string;
	/** With the merge driver registered in every clone, or as a forge merges. */
	readonly driver: boolean;
	/** Runs are made by the shell runner in worktrees; else only their record is made. */
	readonly realRuns: boolean;
	readonly clones: readonly Clone[];
	/** Task ids in the order of their making: the number of a task is its place here. */
	readonly ids: string[];
	readonly counters: Counters;
	/** Each task's definition as it was when it was first seen. */
	readonly firstTexts: Map<string, string>;
	/** What each clone did, line by line. */
	readonly account: string[];
	/** What the checkout said at each commit that a clone has stood at. */
	readonly states: Map<string, Reading>;
}

export interface Template {
	readonly folder: string;
	readonly ids: readonly string[];
	readonly counters: Counters;
}

const BEGINNING_MS = Date.UTC(2026, 2, 1);

/** Makes a repository with a workspace in a folder of its own, for `fill` to put tasks into. */
export async function makeTemplate(
	driver: boolean,
	main: string,
	fill: (world: World, clone: Clone) => Promise<void>,
): Promise<Template> {
	const home = join(realpathSync(mkdtempSync(join(tmpdir(), "msgcode-histories-"))), "home");
	const path = join(home, "a");
	mkdirSync(join(home, "bin"), { recursive: true });
	mkdirSync(path);
	writeFileSync(join(home, ".gitconfig"), "[user]\n\tname = Test Person\n\temail = test@example.com\n");
	writeFileSync(join(home, "bin/msgcode"), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
	chmodSync(join(home, "bin/msgcode"), 0o755);
	const env = environment(home);
	git({ path, env }, "init", "--quiet", "--initial-branch=main", "--template=");
	mkdirSync(join(path, "src"));
	writeFileSync(join(path, "src/code.txt"), "one\ntwo\nthree\n");
	git({ path, env }, "add", "--all");
	git({ path, env }, "commit", "--quiet", "-m", "first");
	const made = await runCli(["init"], { cwd: path, env });
	if (made.exitCode !== 0) throw new Error(`msgcode init failed: ${made.stderr}`);
	// Without the driver: what a clone has in which nobody ever ran `msgcode init`.
	if (!driver) spawnSync("git", ["config", "--remove-section", "merge.msgcode"], { cwd: path, env });
	const world = worldIn(home, { driver, realRuns: false }, 1, {
		ids: [],
		counters: { edit: 0, nowMs: BEGINNING_MS },
	});
	await fill(world, world.clones[0] as Clone);
	git({ path, env }, "gc", "--quiet");
	for (const local of ["msgcode", "ORIG_HEAD", "FETCH_HEAD"]) {
		rmSync(join(path, ".git", local), { recursive: true, force: true });
	}
	return { folder: home, ids: world.ids, counters: world.counters };
}

/** Clones of the template, named A, B, C …; `removeWorld` takes them away again. */
export function makeWorld(template: Template, kind: Pick<World, "driver" | "realRuns">, count: number): World {
	const home = realpathSync(mkdtempSync(join(tmpdir(), "msgcode-history-")));
	for (const entry of ["bin", ".gitconfig"])
		cpSync(join(template.folder, entry), join(home, entry), { recursive: true });
	for (let number = 0; number < count; number += 1) {
		const path = join(home, nameOf(number).toLowerCase());
		cpSync(join(template.folder, "a"), path, { recursive: true, preserveTimestamps: true });
	}
	const world = worldIn(home, { driver: kind.driver, realRuns: kind.realRuns }, count, template);
	noteState(world, world.clones[0] as Clone);
	return world;
}

export function removeWorld(world: Pick<World, "home">): void {
	rmSync(world.home, { recursive: true, force: true, maxRetries: 5 });
}

export function removeTemplate(template: Template): void {
	rmSync(join(template.folder, ".."), { recursive: true, force: true, maxRetries: 5 });
}

function worldIn(
	home: string,
	kind: Pick<World, "driver" | "realRuns">,
	count: number,
	from: Pick<Template, "ids" | "counters">,
): World {
	const counters = { ...from.counters };
	const env = environment(home);
	const clones = Array.from({ length: count }, (_, number): Clone => {
		const name = nameOf(number);
		const path = join(home, name.toLowerCase());
		const ownEnv = { ...env, GIT_AUTHOR_NAME: name, GIT_COMMITTER_NAME: name, MSGCODE_ACTOR: name };
		const ledger = openLedger({
			workspace: openWorkspace(path),
			env: ownEnv,
			settings: { commit: "auto", lockTimeoutMs: 5_000, sign: false, events: "local" },
			actorName: name,
			command: "history",
			useIndex: true,
			now: () => tick(counters),
			warn: () => {},
		});
		return { name, path, env: ownEnv, ledger };
	});
	return { home, ...kind, clones, ids: [...from.ids], counters, firstTexts: new Map(), account: [], states: new Map() };
}

/** The next moment: no two things in a history happen at the same one. */
export function tick(counters: Counters): number {
	counters.nowMs += 1_000;
	return counters.nowMs;
}

function nameOf(number: number): string {
	return "ABCDEFGH"[number] as string;
}

function environment(home: string): Record<string, string> {
	return {
		PATH: `${join(home, "bin")}${delimiter}${process.env.PATH ?? ""}`,
		HOME: home,
		XDG_CONFIG_HOME: join(home, ".config"),
		GIT_CONFIG_NOSYSTEM: "1",
		GIT_CONFIG_GLOBAL: join(home, ".gitconfig"),
		GIT_TERMINAL_PROMPT: "0",
		GIT_MERGE_AUTOEDIT: "no",
		LANG: "C.UTF-8",
		TZ: "UTC",
	};
}

/** Runs git in a checkout; its stdout without the final newline. */
export function git(place: Pick<Clone, "path" | "env">, ...args: string[]): string {
	return execFileSync("git", args, { cwd: place.path, env: place.env, stdio: "pipe", maxBuffer: 1 << 28 })
		.toString("utf8")
		.replace(/\n$/, "");
}

/** The same where a failure is an answer. */
export function tryGit(place: Pick<Clone, "path" | "env">, ...args: string[]) {
	const { status, stdout, stderr } = spawnSync("git", args, { cwd: place.path, env: place.env, maxBuffer: 1 << 28 });
	return { code: status, stdout: stdout.toString("utf8"), said: `${stdout}${stderr}`.trim() };
}

/** The commit that the clone stands at; read from the branch's file where there is one, which costs no process. */
export function headOf(clone: Clone): string {
	const branch = join(clone.path, ".git/refs/heads/main");
	return existsSync(branch) ? readFileSync(branch, "utf8").trim() : git(clone, "rev-parse", "HEAD");
}

/** Reads the checkout and keeps it as what its commit says. */
export function noteState(world: World, clone: Clone): Reading {
	const reading = readCheckout(clone.path);
	world.states.set(headOf(clone), reading);
	for (const [id, { text }] of reading.tasks) if (!world.firstTexts.has(id)) world.firstTexts.set(id, text);
	return reading;
}

/** The program that the driver runs; the sources where nothing was built. */
export function builtProgram(): string {
	if (!existsSync(MAIN)) throw new Error("msgcode is not built");
	return MAIN;
}
