// Archives what is due after a command that closes tasks, when the live folder has grown enough for that to pay.
// Invariant: it never waits, fails or delays the command that came by: no lock is waited for, little is moved at a time, and
// in a small ledger nothing but one short file and the names in the folder are looked at.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "../../core/files.ts";
import { bytesOf } from "../../ledger/archive/move-home.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { LIVE } from "../../ledger/paths.ts";
import { type Archived, archiveTasks, overTasks } from "./archive-tasks.ts";

/** Files in the live folder (two for each task) from which on its size is felt. */
const MANY_FILES = 1_000;
/** So many have to be due, and so many move: few enough not to be felt, and often enough to keep up with any pace. */
const ENOUGH_TASKS = 50;
const MOST_TASKS = 50;
const MOST_BYTES = 4 * 1024 * 1024;
/** A look that found too little is repeated after this time at the latest: a pull may have brought closed tasks. */
const LOOK_AGAIN_MS = 86_400_000;

/** `afterMs` is how long a closed task stays in the live folder. Returns what was moved; null where nothing was. */
export async function archiveInPassing(ledger: Ledger, afterMs: number | "off"): Promise<Archived | null> {
	if (afterMs === "off" || ledger.settings.commit !== "auto") return null;
	try {
		if (lookedAlready(ledger, afterMs) || readdirSync(ledger.workspace.tasksDir).length < MANY_FILES) return null;
		const nowMs = ledger.now();
		const over = await overTasks(ledger);
		const due = over.filter(({ sinceMs }) => sinceMs <= nowMs - afterMs);
		if (due.length < ENOUGH_TASKS) {
			const enoughAt = (over[ENOUGH_TASKS - 1]?.sinceMs ?? nowMs) + afterMs;
			noteLook(ledger, afterMs, Math.min(enoughAt, nowMs + LOOK_AGAIN_MS));
			return null;
		}
		const settings = { ...ledger.settings, lockTimeoutMs: 0 };
		// Nobody asked for it: what `undo` takes back is the command that the person gave.
		const inPassing: Ledger = { ...ledger, settings, actor: async () => "msgcode", warn: () => {} };
		const done = await archiveTasks(inPassing, smallOnes(ledger, due), { edited: false });
		// Tasks that have to stay would be looked at by every command.
		if (done.archived.length < ENOUGH_TASKS) noteLook(ledger, afterMs, nowMs + LOOK_AGAIN_MS);
		return done.archived.length === 0 ? null : done;
	} catch {
		return null; // somebody holds a lock, git is busy, the disk is full: a later command sees to it
	}
}

function smallOnes({ workspace }: Ledger, due: readonly { readonly id: string }[]): string[] {
	let room = MOST_BYTES;
	const chosen: string[] = [];
	for (const { id } of due) {
		const bytes = bytesOf(workspace.root, id, LIVE);
		if (bytes > room) continue;
		room -= bytes;
		if (chosen.push(id) >= MOST_TASKS) break;
	}
	return chosen;
}

interface Look {
	readonly afterMs: number;
	readonly notBeforeMs: number;
}

function lookedAlready(ledger: Ledger, afterMs: number): boolean {
	try {
		const look = JSON.parse(readFileSync(notePath(ledger), "utf8")) as Look;
		const wait = look.notBeforeMs - ledger.now();
		return look.afterMs === afterMs && wait > 0 && wait <= LOOK_AGAIN_MS;
	} catch {
		return false; // never looked
	}
}

function noteLook(ledger: Ledger, afterMs: number, notBeforeMs: number): void {
	const note: Look = { afterMs, notBeforeMs };
	replaceFile(notePath(ledger), JSON.stringify(note), { mode: 0o600, durable: false });
}

/** One for each workspace: a repository may hold several, and several checkouts of one. */
function notePath({ workspace }: Ledger): string {
	const name = createHash("sha256").update(workspace.root).digest("hex").slice(0, 8);
	return join(workspace.stateDir, `archive-look-${name}.json`);
}
