// Follows a file that another process appends to, in pieces, until there will be no more.
// Invariant: every byte comes once and in order; memory is bounded by the size of one piece.
import { closeSync, constants, openSync, readSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileError } from "../../core/errors.ts";
import { MAX_EVENT_BYTES, parseEvent, type RunEvent } from "../../core/event.ts";

const PIECE_BYTES = 64 * 1024;
const POLL_MS = 100;

export interface Following {
	/** True as long as more may come; asked before each look, so that what came last is still read. */
	readonly goesOn: () => boolean;
	/** Ends the waiting at once. */
	readonly stop: AbortSignal;
}

/** The bytes of the file from its beginning; those to come as well while `goesOn`. A missing file is an empty one. */
export async function* followBytes(path: string, following: Following): AsyncGenerator<Buffer> {
	let offset = 0;
	for (;;) {
		const more = following.goesOn();
		for (let piece = pieceAt(path, offset); piece.length > 0; piece = pieceAt(path, offset)) {
			offset += piece.length;
			yield piece;
			if (following.stop.aborted) return;
		}
		if (!more || following.stop.aborted) return;
		await sleep(POLL_MS, undefined, { signal: following.stop }).catch(() => {});
	}
}

/** The events of a run's event log; torn lines are stepped over. Ends after `run.finished`. */
export async function* followEvents(path: string, following: Following): AsyncGenerator<RunEvent> {
	let rest: Buffer = Buffer.alloc(0);
	for await (const piece of followBytes(path, following)) {
		let data = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
		for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10)) {
			const event = parseEvent(data.toString("utf8", 0, end));
			data = data.subarray(end + 1);
			if (event === null) continue;
			yield event;
			if (event.type === "run.finished") return;
		}
		// Far beyond an event's limit it is nobody's event; its end is skipped as a torn line.
		rest = data.length > 2 * MAX_EVENT_BYTES ? Buffer.alloc(0) : data;
	}
}

function pieceAt(path: string, offset: number): Buffer {
	let file: number;
	try {
		file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
	} catch (cause) {
		if ((cause as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
		throw fileError("read", path, cause);
	}
	try {
		const piece = Buffer.allocUnsafe(PIECE_BYTES);
		return piece.subarray(0, readSync(file, piece, 0, piece.length, offset));
	} catch (cause) {
		throw fileError("read", path, cause);
	} finally {
		closeSync(file);
	}
}
