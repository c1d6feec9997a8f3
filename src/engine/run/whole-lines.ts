// The pieces in which a runner's words arrive, put together into whole lines before they are written anywhere.
// Invariant: the pieces joined are the text, in its order among all other events; a secret that came in two pieces stands in
// one, where it is found.

import type { EventData, EventType } from "../../core/event.ts";

type Write = (type: EventType, data: EventData) => void;

/** A line that is longer is said in parts, cut between words. */
const LONGEST_HELD = 4_000;
/** Somebody who stops in the middle of a line is to be heard all the same. */
const SILENCE_MS = 1_000;

/** What is held back of the last line is written with its end, before any other event, or after a silence. */
export function byWholeLines(write: Write): Write {
	let held = "";
	let about: EventData = {};
	let timer: NodeJS.Timeout | null = null;

	function say(text: string): void {
		if (text !== "") write("message.delta", { ...about, text });
	}

	function flush(): void {
		if (timer !== null) clearTimeout(timer);
		timer = null;
		const text = held;
		held = "";
		say(text);
	}

	function flushAfterSilence(): void {
		const text = held;
		try {
			flush();
		} catch {
			held = text; // the next event meets the same failure, and has a caller
		}
	}

	return (type, data) => {
		if (type !== "message.delta" || typeof data.text !== "string") {
			flush();
			return write(type, data);
		}
		const { text, ...rest } = data;
		if (held !== "" && !isAlike(rest, about)) flush();
		about = rest;
		const whole = held + text;
		const end = endOfWhole(whole);
		held = whole.slice(end);
		if (timer !== null) clearTimeout(timer);
		timer = held === "" ? null : setTimeout(flushAfterSilence, SILENCE_MS).unref();
		say(whole.slice(0, end));
	};
}

/** Anything nested counts as different: how deep it is is the runner's to choose. */
function isAlike(one: EventData, other: EventData): boolean {
	const names = Object.keys(one);
	return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

function endOfWhole(text: string): number {
	const line = text.lastIndexOf("\n") + 1;
	if (text.length - line <= LONGEST_HELD) return line;
	const space = text.lastIndexOf(" ") + 1;
	return text.length - space <= LONGEST_HELD ? space : text.length;
}
