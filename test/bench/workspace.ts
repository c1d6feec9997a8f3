// Workspaces of any size for the benchmarks, made by `git fast-import` and filled in by git itself.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram } from "./measure.ts";

export const BIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
export const NODE = process.execPath;

export interface BenchWorkspace {
	readonly path: string;
	readonly env: NodeJS.ProcessEnv;
	readonly ids: readonly string[];
	msgcode(...args: string[]): string;
	git(...args: string[]): string;
}

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const folders: string[] = [];

/** A repository with `count` committed live tasks, and as many archived ones beside them as told. */
export function workspaceWith(count: number, archived = 0): BenchWorkspace {
	const path = mkdtempSync(join(tmpdir(), "msgcode-bench-"));
	folders.push(path);
	const env: NodeJS.ProcessEnv = {
		PATH: process.env.PATH,
		HOME: path,
		NODE_COMPILE_CACHE: join(tmpdir(), "msgcode-bench-compile-cache"),
		GIT_CONFIG_NOSYSTEM: "1",
		GIT_CONFIG_GLOBAL: "/dev/null",
	};
	const git = (...args: string[]) => runProgram(["git", ...args], path, env);
	const msgcode = (...args: string[]) => runProgram([NODE, BIN, ...args], path, env);
	git("init", "-q", "-b", "main");
	git("config", "user.name", "Bench");
	git("config", "user.email", "bench@example.invalid");
	git("config", "gc.auto", "0");
	writeFileSync(join(path, "README.md"), "A repository for measurements.\n");
	git("add", "README.md");
	git("commit", "-qm", "first");
	msgcode("init");
	const ids = importTasks(path, env, count, archived);
	if (count > 0) git("reset", "-q", "--hard");
	return { path, env, ids, msgcode, git };
}

export function removeWorkspaces(): void {
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Bytes of all loose objects and packs. */
export function objectBytes(workspace: BenchWorkspace): number {
	const folder = join(workspace.path, ".git", "objects");
	return readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function importTasks(path: string, env: NodeJS.ProcessEnv, count: number, archived: number): string[] {
	if (count === 0) return [];
	const ids = Array.from({ length: count }, (_, number) => idOf(number));
	const uid = /"uid": "([^"]+)"/.exec(runProgram(["cat", "tasks/ledger.json"], path, env))?.[1] ?? "";
	const pieces = [
		"commit refs/heads/main\ncommitter Bench <bench@example.invalid> 1700000000 +0000\ndata 5\ntasks\nfrom refs/heads/main^0\n",
	];
	for (const [number, id] of ids.entries()) {
		pieces.push(file(`tasks/${id}.md`, definitionOf(number)), file(`tasks/${id}.json`, recordOf(id, uid, number)));
	}
	for (let number = count; number < count + archived; number += 1) {
		const id = idOf(number);
		const home = `tasks/archive/${new Date(CLOSED_AT_MS).getUTCFullYear()}`;
		pieces.push(
			file(`${home}/${id}.md`, definitionOf(number)),
			file(`${home}/${id}.json`, recordOf(id, uid, number, true)),
		);
	}
	const result = spawnSync("git", ["fast-import", "--quiet", "--done"], {
		cwd: path,
		env,
		input: `${pieces.join("")}\ndone\n`,
	});
	if (result.status !== 0) throw new Error(`git fast-import: ${result.stderr.toString()}`);
	return ids;
}

/** A file of a fast-import commit. */
export function file(name: string, content: string): string {
	return `M 100644 inline ${name}\ndata ${Buffer.byteLength(content)}\n${content}\n`;
}

/** Ids spread over the whole range, as random ones are. */
export function idOf(number: number): string {
	let rest = BigInt.asUintN(50, BigInt(number + 1) * 0x9e3779b97f4a7n);
	let text = "";
	for (let i = 0; i < 10; i += 1) {
		text += ALPHABET[Number(rest & 31n)];
		rest >>= 5n;
	}
	return `tsk_${text}`;
}

/** Another text in each round. */
export function definitionOf(number: number, round = 0): string {
	return `---\ntitle: Task number ${number}, with a title of ordinary length\n\npriority: ${((number + round) % 10) + 1}\n\nlabels:\n  - bench\n\nrunner:\n  kind: shell\n  args:\n    - "true"\n---\n\nWhat is to be done in task ${number}, in a sentence or two.${round === 0 ? "" : ` Round ${round}.`}\n`;
}

/** When closed tasks were closed. */
export const CLOSED_AT_MS = Date.UTC(2025, 0, 1);

export function recordOf(id: string, uid: string, number: number, isClosed = false): string {
	const keys: [string, unknown][] = [
		["schemaVersion", 1],
		["id", id],
		["createdAtMs", 1_700_000_000_000 + number],
		["workspace", { uid, path: "." }],
		["route", null],
		["status", isClosed ? "done" : "open"],
		["closed", isClosed ? { atMs: CLOSED_AT_MS + number, reason: null, evidence: null } : null],
		["removed", null],
	];
	const lines = keys.map(
		([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value, null, 2).replaceAll("\n", "\n  ")}`,
	);
	return `{\n${lines.join(",\n\n")}\n}\n`;
}
