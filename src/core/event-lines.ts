// Reading a file of events line by line with bounded memory, however long the file or one of its lines is.

import { closeSync, constants, openSync, readSync } from "node:fs";
import { fileError } from "./errors.ts";
import { MAX_EVENT_BYTES } from "./event.ts";

export interface Line {
	readonly text: string;
	/** Ended by a newline. */
	readonly whole: boolean;
}

/** A line far beyond an event's limit is nobody's event: it is dropped while reading instead of filling the memory. */
export function* linesOf(path: string): Generator<Line> {
	let parts: Buffer[] = [];
	let length = 0;
	const take = (): string => {
		const text = length > 2 * MAX_EVENT_BYTES ? "" : Buffer.concat(parts).toString("utf8");
		parts = [];
		length = 0;
		return text;
	};
	for (const piece of piecesOf(path)) {
		let start = 0;
		for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, start)) {
			parts.push(piece.subarray(start, end));
			length += end - start;
			yield { text: take(), whole: true };
			start = end + 1;
		}
		length += piece.length - start;
		if (start < piece.length && length <= 2 * MAX_EVENT_BYTES) {
			parts.push(piece.subarray(start));
		}
	}
	if (length > 0) {
		yield { text: take(), whole: false };
	}
}

/** The file's bytes in pieces of 64 KiB; nothing when it is missing. */
export function* piecesOf(path: string): Generator<Buffer> {
	let file: number;
	try {
		file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
	} catch (cause) {
		if ((cause as NodeJS.ErrnoException).code === "ENOENT") {
			return;
		}
		throw fileError("read", path, cause);
	}
	try {
		for (;;) {
			const piece = Buffer.allocUnsafe(64 * 1024);
			const count = readSync(file, piece, 0, piece.length, null);
			if (count === 0) {
				return;
			}
			yield piece.subarray(0, count);
		}
	} catch (cause) {
		throw fileError("read", path, cause);
	} finally {
		closeSync(file);
	}
}
