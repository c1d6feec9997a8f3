// `npm run test:soak`: thousands of random commands with random kills, then thousands of random histories of clones that
// merge, in two workers. Prints its seed, so that a finding can be looked for again, and one line of figures for each part.
//   MSGCODE_SOAK_ONLY       crash or merge; both, one after the other, unless told
//   MSGCODE_SOAK_ROUNDS     rounds of the crash part in all, 2,000 unless told
//   MSGCODE_SOAK_HISTORIES  histories of the merge part in all, 2,000 unless told
//   MSGCODE_SOAK_SECONDS    no further round or history after this time, for each part
//   MSGCODE_SOAK_SEED       a whole number; random unless told
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { MAIN } from "../support/ground.ts";
import { type MergeFigures, noMerges, soakHistories } from "./histories.ts";
import { randomFrom } from "./random.ts";
import { copyOfProgram, type Figures, noFigures, soak } from "./rounds.ts";

const WORKERS = 2;
const SELF = fileURLToPath(import.meta.url);

/** A part of the soak: its count, its work in one worker, and the words for its figures. */
interface Part<F extends { readonly findings: string[] }> {
	readonly count: readonly [variable: string, standard: number];
	none(): F;
	work(share: Share, figures: F, tell: () => void): Promise<void>;
	sum(all: readonly F[]): F;
	lines(figures: F, seconds: number, seed: number): readonly string[];
}

interface Share {
	readonly part: keyof typeof PARTS;
	readonly count: number;
	readonly seconds: number;
	readonly seed: number;
	readonly main: string;
}

const CRASH: Part<Figures> = {
	count: ["MSGCODE_SOAK_ROUNDS", 2_000],
	none: noFigures,
	work: ({ count, seconds, seed, main }, figures, tell) =>
		soak({
			rounds: count,
			deadline: performance.now() + seconds * 1000,
			random: randomFrom(seed),
			main,
			figures,
			onProgress: () => {
				if (figures.rounds % 25 === 0) tell();
			},
		}),
	sum,
	lines(figures, seconds, seed) {
		const points = Object.entries(figures.points).sort(([one], [other]) => (one < other ? -1 : 1));
		const kills = `kills by point: ${points.map(([name, count]) => `${name} ${count}`).join(", ")}`;
		return [kills, figureLine(figures, seconds, seed)];
	},
};

const MERGE: Part<MergeFigures> = {
	count: ["MSGCODE_SOAK_HISTORIES", 2_000],
	none: noMerges,
	work: ({ count, seconds, seed, main }, figures, onProgress) =>
		soakHistories({
			histories: count,
			deadline: performance.now() + seconds * 1000,
			random: randomFrom(seed),
			main,
			figures,
			onProgress,
		}),
	sum: sumOfMerges,
	lines: (figures, seconds, seed) => [mergeLine(figures, seconds, seed)],
};

const PARTS = { crash: CRASH, merge: MERGE } as const;

const share = process.argv[2];
if (share === undefined) await supervise();
else {
	const own = JSON.parse(share) as Share;
	await (own.part === "crash" ? work(CRASH, own) : work(MERGE, own));
}

async function work<F extends { readonly findings: string[] }>(part: Part<F>, own: Share): Promise<void> {
	const figures = part.none();
	const tell = () => process.send?.(figures);
	try {
		await part.work(own, figures, tell);
	} catch (error) {
		figures.findings.push(`the soak itself failed: ${(error as Error).stack}`);
	}
	if (figures.findings.length > 0) console.log(`seed ${own.seed}, ${figures.findings.join("\n")}`);
	tell();
	process.disconnect?.();
}

async function supervise(): Promise<void> {
	const only = process.env.MSGCODE_SOAK_ONLY ?? "";
	if (only !== "" && !Object.hasOwn(PARTS, only)) {
		throw new Error(`MSGCODE_SOAK_ONLY must be ${Object.keys(PARTS).join(" or ")}, not ${JSON.stringify(only)}.`);
	}
	const seed = numberFrom("MSGCODE_SOAK_SEED", Math.floor(Math.random() * 2 ** 31));
	const folder = mkdtempSync(join(tmpdir(), "msgcode-soak-program-"));
	const main = copyOfProgram(dirname(MAIN), join(folder, "dist"));
	let findings = 0;
	if (only !== "merge") findings += await supervisePart("crash", CRASH, seed, main);
	if (only !== "crash") findings += await supervisePart("merge", MERGE, seed, main);
	rmSync(folder, { recursive: true, force: true });
	process.exitCode = findings > 0 ? 1 : 0;
}

/** Prints the part's figures; returns the number of findings. */
async function supervisePart<F extends { readonly findings: string[] }>(
	name: keyof typeof PARTS,
	part: Part<F>,
	seed: number,
	main: string,
): Promise<number> {
	const count = numberFrom(...part.count);
	const seconds = numberFrom("MSGCODE_SOAK_SECONDS", 24 * 3_600);
	console.log(`seed ${seed}, ${count} ${name === "crash" ? "rounds" : "histories"} in ${WORKERS} workers`);
	const began = Date.now();
	const latest = Array.from({ length: WORKERS }, part.none);
	const lines = () => part.lines(part.sum(latest), Math.round((Date.now() - began) / 1000), seed);
	const ticker = setInterval(() => console.log(`… ${lines().at(-1)}`), 60_000);
	await Promise.all(
		latest.map((_, worker) => {
			const own: Share = { part: name, count: Math.ceil(count / WORKERS), seconds, seed: seed + worker, main };
			const child = fork(SELF, [JSON.stringify(own)], { stdio: "inherit" });
			child.on("message", (figures) => {
				latest[worker] = figures as F;
			});
			return new Promise<void>((resolve) => child.once("exit", () => resolve()));
		}),
	);
	clearInterval(ticker);
	for (const line of lines()) console.log(line);
	return part.sum(latest).findings.length;
}

function mergeLine(figures: MergeFigures, seconds: number, seed: number): string {
	const { histories, steps, runs, merges, conflicts, findings } = figures;
	return [
		`merge soak: ${histories} histories of 2 to 4 clones`,
		`${steps} steps (${runs} runs)`,
		`${merges} merges`,
		`${conflicts} honest conflicts`,
		`${findings.length} findings`,
		`${seconds} s`,
		`seed ${seed}`,
	].join(", ");
}

function sumOfMerges(all: readonly MergeFigures[]): MergeFigures {
	const total = noMerges();
	for (const one of all) {
		for (const key of ["histories", "steps", "runs", "merges", "conflicts"] as const) total[key] += one[key];
		total.findings.push(...one.findings);
	}
	return total;
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
