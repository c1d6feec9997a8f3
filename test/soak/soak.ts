// `npm run test:soak`: thousands of random commands with random kills, in two workers. Prints its seed, so that a finding
// can be looked for again, and one line of figures.
//   MSGCODE_SOAK_ROUNDS   rounds in all, 2,000 unless told
//   MSGCODE_SOAK_SECONDS  no further round after this time
//   MSGCODE_SOAK_SEED     a whole number; random unless told
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { MAIN } from "../support/ground.ts";
import { randomFrom } from "./random.ts";
import { copyOfProgram, type Figures, noFigures, soak } from "./rounds.ts";

const WORKERS = 2;
const SELF = fileURLToPath(import.meta.url);

interface Share {
	readonly rounds: number;
	readonly seconds: number;
	readonly seed: number;
	readonly main: string;
}

const share = process.argv[2];
if (share === undefined) await supervise();
else await work(JSON.parse(share) as Share);

async function work({ rounds, seconds, seed, main }: Share): Promise<void> {
	const figures = noFigures();
	const tell = () => process.send?.(figures);
	try {
		await soak({
			rounds,
			deadline: performance.now() + seconds * 1000,
			random: randomFrom(seed),
			main,
			figures,
			onProgress: () => {
				if (figures.rounds % 25 === 0) tell();
			},
		});
	} catch (error) {
		figures.findings.push(`the soak itself failed: ${(error as Error).stack}`);
	}
	if (figures.findings.length > 0) console.log(`seed ${seed}, ${figures.findings.join("\n")}`);
	tell();
	process.disconnect?.();
}

async function supervise(): Promise<void> {
	const rounds = numberFrom("MSGCODE_SOAK_ROUNDS", 2_000);
	const seconds = numberFrom("MSGCODE_SOAK_SECONDS", 24 * 3_600);
	const seed = numberFrom("MSGCODE_SOAK_SEED", Math.floor(Math.random() * 2 ** 31));
	const folder = mkdtempSync(join(tmpdir(), "msgcode-soak-program-"));
	const main = copyOfProgram(dirname(MAIN), join(folder, "dist"));
	console.log(`seed ${seed}, ${rounds} rounds in ${WORKERS} workers`);
	const began = Date.now();
	const latest = Array.from({ length: WORKERS }, noFigures);
	const line = () => figureLine(sum(latest), Math.round((Date.now() - began) / 1000), seed);
	const ticker = setInterval(() => console.log(`… ${line()}`), 60_000);
	await Promise.all(
		latest.map((_, worker) => {
			const own: Share = { rounds: Math.ceil(rounds / WORKERS), seconds, seed: seed + worker, main };
			const child = fork(SELF, [JSON.stringify(own)], { stdio: "inherit" });
			child.on("message", (figures) => {
				latest[worker] = figures as Figures;
			});
			return new Promise<void>((resolve) => child.once("exit", () => resolve()));
		}),
	);
	clearInterval(ticker);
	rmSync(folder, { recursive: true, force: true });
	const figures = sum(latest);
	const points = Object.entries(figures.points).sort(([one], [other]) => (one < other ? -1 : 1));
	console.log(`kills by point: ${points.map(([name, count]) => `${name} ${count}`).join(", ")}`);
	console.log(line());
	process.exitCode = figures.findings.length > 0 ? 1 : 0;
}

function figureLine(figures: Figures, seconds: number, seed: number): string {
	const {
		rounds,
		concurrentRounds,
		commands,
		succeeded,
		killedAtPoints,
		killedByTime,
		killedTrees,
		gitLocks,
		diskFull,
		killedRecoveries,
	} = figures;
	return [
		`soak: ${rounds} rounds (${concurrentRounds} with four processes at once)`,
		`${commands} commands`,
		`${succeeded} printed success`,
		`${killedAtPoints} killed at ${Object.keys(figures.points).length} fail points`,
		`${killedByTime} killed by time`,
		`${killedTrees} killed with all their children (git left ${gitLocks} locks of its own)`,
		`${diskFull} met a full disk`,
		`${killedRecoveries} recoveries killed`,
		`${figures.findings.length} findings`,
		`${seconds} s`,
		`seed ${seed}`,
	].join(", ");
}

function sum(all: readonly Figures[]): Figures {
	const total = noFigures();
	for (const one of all) {
		total.rounds += one.rounds;
		total.concurrentRounds += one.concurrentRounds;
		total.commands += one.commands;
		total.succeeded += one.succeeded;
		total.killedAtPoints += one.killedAtPoints;
		total.killedByTime += one.killedByTime;
		total.killedTrees += one.killedTrees;
		total.gitLocks += one.gitLocks;
		total.diskFull += one.diskFull;
		total.killedRecoveries += one.killedRecoveries;
		for (const [name, count] of Object.entries(one.points)) total.points[name] = (total.points[name] ?? 0) + count;
		total.findings.push(...one.findings);
	}
	return total;
}

function numberFrom(name: string, standard: number): number {
	const text = process.env[name];
	if (text === undefined || text === "") return standard;
	if (!/^\d{1,9}$/.test(text)) throw new Error(`${name} must be a whole number, not ${JSON.stringify(text)}.`);
	return Number(text);
}
