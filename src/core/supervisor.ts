// Runs one program in its own process group, without a shell, from its start to the end of its last descendant.
// Invariant: when the promise settles, nothing that the program started still runs, unless it cannot be killed (counted
// in `left`) or dropped both its group and the marker; and no program can keep the promise from settling.

import { once } from "node:events";
import { basename, isAbsolute } from "node:path";
import { findCgroup, makeCgroup } from "./cgroup.ts";
import { now } from "./clock.ts";
import { folderBytes, newestChange } from "./folder-walk.ts";
import { type LaunchOptions, launch, type RunningChild } from "./launch.ts";
import { type CapturedOutput, type CaptureOptions, captureOutput, type OutputCapture } from "./output-capture.ts";
import { identityFromRow, ownIdentity, type ProcessIdentity } from "./process-identity.ts";
import { climbLadder, pause } from "./process-ladder.ts";
import { findMarked, findRemains, type GroupLeader } from "./process-remains.ts";
import { type Family, ownFamily } from "./process-signal.ts";
import { type ProcessMarker, type ProcessRow, readProcess } from "./process-table.ts";
import type { ResourceUse } from "./resource-use.ts";
import { listenForStop, type StopSources } from "./stop-request.ts";
import { type TimeLimits, watchTime } from "./time-limits.ts";
import {
	keepLimits,
	type LimitKeepers,
	type LimitOptions,
	NO_LIMITS,
	type ResourceLimits,
	type UseWarning,
} from "./use-limits.ts";

export interface SuperviseOptions
	extends LaunchOptions,
		StopSources,
		TimeLimits,
		Omit<CaptureOptions, "maxLineBytes" | "onBytes"> {
	/** Called once, before any line, as soon as the program runs. */
	readonly onSpawn: (identity: ProcessIdentity, input: ProgramInput) => void;
	/** Asked after each line: whether the program has said its last word, so that it is to end now. */
	readonly saidLastWord?: () => boolean;
	readonly limits?: ResourceLimits | undefined;
	/** False where the program's processes are not started below us, so that no group of ours can hold them. */
	readonly cgroup?: boolean | undefined;
	/** Something that does not end the program. */
	readonly onWarning?: (warning: UseWarning) => void;
	/** Where a change of a file says that a silent program works and the disk is measured, and what is left out of that. */
	readonly folders?: { readonly watched: readonly string[]; readonly skipped: readonly string[] };
	/** Bytes of one line that are kept; 262,144 unless told. */
	readonly maxLineBytes?: number;
	/** Set in the program's environment, so that descendants which leave its group are found again. */
	readonly marker: ProcessMarker;
	/** How long descendants may outlive the program or hold its output open, ms; 1,000 unless told. */
	readonly closeGraceMs?: number;
	/** How long each signal may take to work, ms; 2,000 unless told. */
	readonly ladderMs?: number;
}

/** What can still be said to a program whose stdin stays open. */
export interface ProgramInput {
	/** False when it cannot be reached any more, or never read anything. */
	write(text: string): boolean;
	end(): void;
}

export interface ProcessOutcome extends ResourceUse, CapturedOutput {
	/** "lingered": it said that it was done and did not end; "over_limit": it used more than it may. */
	readonly outcome:
		| "exited"
		| "signaled"
		| "timeout"
		| "canceled"
		| "lingered"
		| "over_limit"
		| "not_found"
		| "spawn_failed";
	/** Which time limit ended it. */
	readonly timer: "wall" | "idle" | null;
	/** Which resource limit ended it. */
	readonly exceeded: "memory" | "disk" | null;
	/** argv[0]; of an absolute path only the last part. */
	readonly program: string;
	readonly exitCode: number | null;
	readonly signal: NodeJS.Signals | null;
	/** Why the program never ran: an errno name, or "cwd_missing". */
	readonly spawnError: string | null;
	readonly startedAtMs: number;
	readonly endedAtMs: number;
	/** Processes that outlived the program, or had left its group, and were ended here. */
	readonly survivorsKilled: number;
	/** Processes that could not be ended. */
	readonly left: number;
}

export interface SupervisedOutcome extends ProcessOutcome {
	/** Who saw to the limits. */
	readonly keepers: LimitKeepers;
}

const POLITE: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGKILL"];
/** For what stays behind a program that ended by itself; background jobs of a shell ignore SIGINT. */
const LEFTOVERS: readonly NodeJS.Signals[] = ["SIGTERM", "SIGKILL"];
const LADDER_MS = 2_000;

/**
 * Runs the program and settles when it and its descendants are gone. Whatever the program does is an outcome; rejects
 * only with what `onSpawn` or `onLine` threw, after the program was killed.
 */
export async function superviseProcess(options: SuperviseOptions): Promise<SupervisedOutcome> {
	const { argv, marker } = options;
	const program = argv[0] ?? "";
	const base = {
		program: isAbsolute(program) ? basename(program) : program,
		...{ exitCode: null, signal: null, spawnError: null, survivorsKilled: 0, left: 0, timer: null, exceeded: null },
		keepers: { memory: null, cpu: null, disk: null },
		...{ peakRssBytes: null, cpuSeconds: null, stdoutBytes: 0, stderrBytes: 0, rawLogProblem: null },
		startedAtMs: now(),
	};
	if (options.cancel.aborted || options.kill?.aborted) return { ...base, outcome: "canceled", endedAtMs: now() };
	const family = ownFamily();
	const listeners = { bytes: () => {}, line: () => {} };
	const output = captureOutput({
		...options,
		maxLineBytes: options.maxLineBytes ?? 262_144,
		onBytes: () => listeners.bytes(),
		onLine(stream, text, truncated) {
			options.onLine(stream, text, truncated);
			listeners.line();
		},
	});
	const disk = await diskBefore(options);
	const { limits = NO_LIMITS } = options;
	const group = options.cgroup === false ? null : makeCgroup(marker.value, limits);
	const child = await launch({ ...options, env: { ...options.env, [marker.name]: marker.value } });
	if ("error" in child) {
		await group?.remove();
		const { outcome, error: spawnError } = child;
		return { ...base, ...output.finish(), outcome, spawnError, endedAtMs: now() };
	}
	const ended = await watchOver(child, options, { output, listeners, disk, group }, family);
	return { ...base, ...ended, ...output.finish(), endedAtMs: now() };
}

/**
 * Ends every live process that carries the marker or is in the marker's control group, wherever it is, this process and its
 * ancestors excepted, and removes that group. `since` leaves out those that are older than that process. Gives how many were
 * ended.
 */
export async function sweepMarked(
	marker: ProcessMarker,
	since?: ProcessIdentity,
	ladderMs = LADDER_MS,
): Promise<number> {
	const family = ownFamily();
	const sameBoot = since !== undefined && since.bootId === ownIdentity().bootId;
	const oldest = sameBoot && /^\d+$/.test(since.startTime) ? Number(since.startTime) : 0;
	const group = findCgroup(marker.value);
	const find = () => findMarked(marker, family, oldest, group.members());
	const { survivorsKilled } = await climbLadder({ signals: POLITE, rungMs: ladderMs, find, family });
	await group.remove();
	return survivorsKilled;
}

type Ended = ResourceUse &
	Pick<
		SupervisedOutcome,
		"outcome" | "timer" | "exceeded" | "keepers" | "exitCode" | "signal" | "survivorsKilled" | "left"
	>;

async function watchOver(
	child: RunningChild,
	options: SuperviseOptions,
	{ output, listeners, disk, group }: Surroundings,
	family: Family,
): Promise<Ended> {
	const { closeGraceMs = 1_000, ladderMs = LADDER_MS, folders, marker, onWarning: warn = () => {} } = options;
	const collected = (): boolean => child.exitCode !== null || child.signalCode !== null;
	const stop = listenForStop(options, collected);
	const limits = keepLimits({
		...{ limits: options.limits ?? NO_LIMITS, pid: child.pid, marker },
		...{ group, disk, exceeded: stop.stop, warn },
	});
	const lastChange = async () =>
		folders === undefined ? null : await newestChange(folders.watched, { skip: folders.skipped });
	const time = watchTime(options, lastChange, stop.stop);
	const exited = once(child, "exit").then(() => time.close());
	const input = inputOf(child);
	listeners.bytes = time.heard;
	listeners.line = () => {
		const said = options.saidLastWord?.() ?? false;
		time.lastWord(said);
		if (said) input.end();
	};
	const failures: unknown[] = [];
	const fail = (cause: unknown): void => {
		failures.push(cause);
		stop.kill();
	};
	output.attach(child, fail);
	const leader: GroupLeader = { row: leaderRow(child.pid), startedAt: performance.now(), collected };
	try {
		options.onSpawn(identityFromRow(leader.row), input);
	} catch (cause) {
		fail(cause);
	}

	const find = () => findRemains(leader, marker, family, limits.members());
	await Promise.race([exited, whenAborted(stop.requested)]);
	if (stop.cause() === null) await quietEnd(find, output, closeGraceMs, stop.requested);
	const signals = stop.cause() === null ? LEFTOVERS : POLITE;
	const { survivorsKilled, left } = await climbLadder({ signals, rungMs: ladderMs, find, family, hurry: stop.urgent });
	// What was killed leaves output in the pipes, and its exit still has to be reported.
	if (stop.cause() !== null || survivorsKilled > 0) {
		await pause(closeGraceMs, undefined, Promise.all([exited, output.closed]));
	}

	stop.close();
	time.close();
	const { exceeded, use } = await limits.finish();
	child.stdin?.destroy();
	child.unref();
	if (failures.length > 0) {
		output.finish();
		throw failures[0];
	}
	const { exitCode, signalCode: signal } = child;
	const asked = stop.cause();
	// What ended by itself, or was ended in its grace, may have gone over a limit unseen.
	const over = exceeded !== null && (asked === null || asked.outcome === "lingered");
	const how = over
		? { outcome: "over_limit" as const, exceeded }
		: (asked ?? { outcome: signal === null ? ("exited" as const) : ("signaled" as const) });
	const { keepers } = limits;
	return { timer: null, exceeded: null, ...how, keepers, exitCode, signal, survivorsKilled, left, ...use };
}

/** How full the watched folders are, and how to ask again; null where the disk has no limit. */
async function diskBefore({ limits, folders }: SuperviseOptions): Promise<LimitOptions["disk"]> {
	if (folders === undefined || (limits?.diskBytes ?? null) === null) return null;
	const measure = () => folderBytes(folders.watched, { skip: folders.skipped });
	return { measure, before: await measure() };
}

interface Surroundings {
	readonly output: OutputCapture;
	readonly listeners: Listeners;
	readonly disk: LimitOptions["disk"];
	readonly group: LimitOptions["group"];
}

/** What the supervision wants to know of the output while it comes. */
interface Listeners {
	bytes(): void;
	line(): void;
}

function inputOf({ stdin }: RunningChild): ProgramInput {
	return {
		write(text) {
			if (stdin === null || !stdin.writable) return false;
			stdin.write(text);
			return true;
		},
		end: () => void stdin?.end(),
	};
}

/** Lets descendants finish and the output end, for a while. */
async function quietEnd(
	find: () => readonly unknown[],
	output: OutputCapture,
	graceMs: number,
	stopped: AbortSignal,
): Promise<void> {
	const deadline = performance.now() + graceMs;
	await pause(graceMs, stopped, output.closed);
	for (let pauseMs = 2; !stopped.aborted && performance.now() < deadline; pauseMs = Math.min(pauseMs * 2, 100)) {
		if (find().length === 0) return;
		await pause(pauseMs, stopped);
	}
}

/** Our own child cannot vanish before we collect it; without its row it is still signaled, but never by number alone. */
function leaderRow(pid: number): ProcessRow {
	try {
		const row = readProcess(pid);
		if (row !== null) return row;
	} catch {
		// Too many open files, for example.
	}
	const unknown = { parent: process.pid, zombie: false, startTime: "", startOrder: 0, cpuSeconds: null };
	return { pid, group: pid, ...unknown };
}

function whenAborted(signal: AbortSignal): Promise<unknown> {
	return signal.aborted ? Promise.resolve() : once(signal, "abort");
}
