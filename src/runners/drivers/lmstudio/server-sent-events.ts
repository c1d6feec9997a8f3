// Reads a stream of server-sent events: bytes in, the data of each event out.
// Invariant: where the stream is cut into chunks makes no difference, and an endless line takes a bounded memory.

import { createLineSplitter } from "../../../core/line-splitter.ts";

export interface SentEvent {
	readonly event: string;
	readonly data: string;
}

export interface EventReader {
	write(chunk: Uint8Array): void;
	/** The stream has ended. An event that its blank line did not complete counts as never sent. */
	end(): void;
	/** Lines that were longer than allowed; the event that one belongs to is left out. */
	readonly truncated: number;
}

/** The rules of the WHATWG standard for fields; `id` and `retry` are of no use here. */
export function createEventReader(maxLineBytes: number, onEvent: (event: SentEvent) => void): EventReader {
	let event = "";
	let data: string[] = [];
	let bytes = 0;
	let spoiled = false;
	let truncatedLines = 0;
	let first = true;

	function complete(): void {
		if (data.length > 0 && !spoiled) onEvent({ event: event === "" ? "message" : event, data: data.join("\n") });
		event = "";
		data = [];
		bytes = 0;
		spoiled = false;
	}

	function field(line: string): void {
		const colon = line.indexOf(":");
		if (colon === 0) return; // a comment, which keeps the connection alive
		const name = colon === -1 ? line : line.slice(0, colon);
		const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
		if (name === "event") event = value;
		if (name !== "data") return;
		// Many short lines are as long as one long line.
		bytes += value.length + 1;
		if (bytes > maxLineBytes) spoil();
		else data.push(value);
	}

	function spoil(): void {
		if (!spoiled) truncatedLines += 1;
		spoiled = true;
		data = [];
	}

	const lines = createLineSplitter(maxLineBytes, (text, truncated) => {
		const line = first ? text.replace(/^\ufeff/, "") : text;
		first = false;
		if (truncated) spoil();
		else if (line === "") complete();
		else field(line);
	});
	return {
		write: (chunk) => lines.write(chunk),
		end: () => lines.end(),
		get truncated() {
			return truncatedLines;
		},
	};
}
