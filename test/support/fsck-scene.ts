// A ledger with runs of every kind, made once and copied for each test, and what `msgcode fsck` says of a copy.
import { createHash } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Finding, Verdict } from "../../src/fsck/finding.ts";
import { type Repo, repo } from "./repo.ts";
import { copies } from "./template.ts";
import { addTask, succeed } from "./two-clones.ts";

/** One run of the scene: its task, its id, its folder with a final slash. */
export interface SceneRun {
	readonly task: string;
	readonly run: string;
	readonly folder: string;
}

export interface FsckScene {
	readonly place: Repo;
	/** Landed; another task depends on its task. */
	readonly landed: SceneRun;
	readonly rejected: SceneRun;
	readonly unchanged: SceneRun;
	readonly withheld: SceneRun;
	/** Neither landed nor rejected; its commit is the last one, and its events are committed. */
	readonly last: SceneRun;
	readonly dependent: string;
	readonly blocked: string;
	readonly done: string;
}

export interface FsckAnswer {
	readonly exitCode: number;
	readonly verdict: Verdict;
	readonly codes: readonly string[];
	readonly findings: readonly Finding[];
}

type Kept = Omit<FsckScene, "place">;
const copyOfScene = copies<Kept>(makeScene);

export async function fsckScene(): Promise<FsckScene> {
	const { made, kept } = await copyOfScene();
	return { place: made, ...kept };
}

/** Text that a secret rule knows, put together so that this file does not hold it. */
const SECRET = ["AKIA", "Q3EGRIKLTZ5XBOVN"].join("");

async function makeScene(): Promise<{ made: Repo; kept: Kept }> {
	const place = await repo({ files: { "src/code.txt": "one\ntwo\nthree\n", "other.txt": "other\n" }, ledger: true });
	place.write("msgcode.toml", '[ledger]\nevents = "commit"\n');
	place.commitAll("settings");
	const landed = await runOf(place, "Landed", "echo four >>src/code.txt; echo new >new.txt");
	await succeed(place, "task", "apply", landed.task, "--yes");
	const rejected = await runOf(place, "Rejected", "echo no >>src/code.txt");
	await succeed(place, "task", "reject", rejected.task, "--reason", "not wanted", "--yes");
	const unchanged = await runOf(place, "Unchanged", "true");
	const withheld = await runOf(place, "Withheld", `echo key=${SECRET} >secret.txt`);
	const dependent = await addTask(place, "Dependent", "--depends-on", landed.task);
	const blocked = await addTask(place, "Blocked");
	await succeed(place, "task", "block", blocked, "--reason", "for a while");
	const done = await addTask(place, "Done");
	await succeed(place, "task", "close", done, "--reason", "all is there");
	const last = await runOf(place, "Last", "echo five >>src/code.txt; rm other.txt");
	return { made: place, kept: { landed, rejected, unchanged, withheld, last, dependent, blocked, done } };
}

/** Adds a task and runs the script for it; its worktree goes, its result stays. */
export async function runOf(place: Repo, title: string, script: string, ...flags: string[]): Promise<SceneRun> {
	const task = await addTask(place, title);
	const ran = await place.msgcode("task", "run", task, ...flags, "--json", "--", "sh", "-c", script);
	const run: string = ran.json().data.runId;
	const removed = await place.msgcode("task", "worktree", "rm", task, "--yes");
	if (run === undefined || removed.exitCode !== 0) throw new Error(`${ran.stdout}${ran.stderr}${removed.stderr}`);
	return { task, run, folder: `tasks/runs/${task}/${run}/` };
}

export async function fsckOf(place: Repo): Promise<FsckAnswer> {
	const result = await place.msgcode("fsck", "--json");
	const { data } = result.json();
	const findings: Finding[] = data.checks.flatMap(({ findings: some }: { findings: Finding[] }) => some);
	const codes = [...new Set(findings.map(({ code }) => code))].sort();
	return { exitCode: result.exitCode, verdict: data.verdict, codes, findings };
}

/** Changes a JSON file of the checkout. */
export function editJson(place: Repo, path: string, change: (value: ReturnType<JSON["parse"]>) => void): void {
	const value = JSON.parse(place.read(path));
	change(value);
	place.write(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** Changes the line of a run in runs.jsonl; null takes it out. */
export function editLine(place: Repo, run: string, change: (line: ReturnType<JSON["parse"]>) => unknown): void {
	const lines = place.read("tasks/runs.jsonl").split("\n");
	const edited = lines.flatMap((line) => {
		if (!line.includes(`"runId":"${run}"`)) return [line];
		const value = JSON.parse(line);
		return change(value) === null ? [] : [JSON.stringify(value)];
	});
	place.write("tasks/runs.jsonl", edited.join("\n"));
}

/** Gives the last run another patch, of which receipt and line tell. */
export function replacePatch(scene: FsckScene, patch: string, numbers: Readonly<Record<string, number>> = {}): void {
	const { place, last } = scene;
	const sha256 = createHash("sha256").update(patch).digest("hex");
	place.write(`${last.folder}patch.diff`, patch);
	editJson(place, `${last.folder}run_receipt.json`, (receipt) => {
		Object.assign(receipt.patch, { sha256, bytes: Buffer.byteLength(patch), ...numbers });
	});
	editLine(place, last.run, (line) => Object.assign(line, { patchSha256: sha256 }));
}

/** Makes what was changed part of the last commit, as if it had been born so. */
export function amend(place: Repo): void {
	place.git("add", "--all");
	place.git("commit", "--quiet", "--amend", "--no-edit");
}

/** Takes the file of a loose object away. */
export function loseObject(place: Repo, name: string): void {
	const oid = place.git("rev-parse", name);
	const folder = join(place.path, ".git/objects", oid.slice(0, 2));
	const file = readdirSync(folder).find((one) => one === oid.slice(2));
	if (file === undefined) throw new Error(`${name} is no loose object`);
	rmSync(join(folder, file));
}
