// The bytes of one output stream as they came, for the user's own eyes on this machine.
// Invariant: a log never grows beyond its limit and never stops a run: when it cannot be written, the run goes on.

import { closeSync, constants, fchmodSync, openSync, writeSync } from "node:fs";

export interface RawLog {
	write(chunk: Uint8Array): void;
	close(): void;
	/** What kept the log from being complete; null so far. */
	readonly problem: () => "truncated" | "failed" | null;
}

/** Starts the file anew, mode 0600. `maxBytes` counts what is kept before the note that says the rest is missing. */
export function openRawLog(path: string, maxBytes: number): RawLog {
	let problem: "truncated" | "failed" | null = null;
	let kept = 0;
	let file: number | null = null;

	function attempt(action: () => void): void {
		try {
			action();
		} catch {
			problem = "failed";
		}
	}

	attempt(() => {
		file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o600);
		fchmodSync(file, 0o600);
	});

	return {
		write(chunk) {
			if (file === null || problem !== null) return;
			const open = file;
			const part = chunk.subarray(0, maxBytes - kept);
			attempt(() => {
				writeAll(open, part);
				kept += part.length;
				if (part.length === chunk.length) return;
				problem = "truncated";
				writeAll(open, Buffer.from(`\n[msgcode: only the first ${maxBytes} bytes are kept]\n`));
			});
		},
		close() {
			if (file === null) return;
			const open = file;
			file = null;
			attempt(() => closeSync(open));
		},
		problem: () => problem,
	};
}

function writeAll(file: number, bytes: Uint8Array): void {
	for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
}
