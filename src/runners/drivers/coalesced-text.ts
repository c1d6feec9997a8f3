// Gathers the small pieces in which a model's text arrives into fewer, larger ones.
// Invariant: the pieces joined are the text, whatever way it came; a pause in the stream holds nothing back for long.

const ENOUGH_CHARACTERS = 400;
/** A line of a runner that is too long would be cut. */
const LONGEST_PIECE = 32 * 1024;
const LONGEST_WAIT_MS = 250;

export interface CoalescedText {
	add(text: string): void;
	/** Says what is left; false when nothing was added since the last call. */
	flush(): boolean;
}

export function coalesce(say: (text: string) => void): CoalescedText {
	let waiting = "";
	let added = false;
	let timer: NodeJS.Timeout | null = null;

	function sayWaiting(): void {
		if (timer !== null) clearTimeout(timer);
		timer = null;
		const text = waiting;
		waiting = "";
		for (let at = 0; at < text.length; ) {
			// Not between the halves of a character.
			const end = at + LONGEST_PIECE;
			const cut = end < text.length && /[\ud800-\udbff]/.test(text[end - 1] ?? "") ? end - 1 : end;
			say(text.slice(at, cut));
			at = cut;
		}
	}

	return {
		add(text) {
			if (text === "") return;
			added = true;
			waiting += text;
			if (waiting.length >= ENOUGH_CHARACTERS) sayWaiting();
			else timer ??= setTimeout(sayWaiting, LONGEST_WAIT_MS);
		},
		flush() {
			sayWaiting();
			const any = added;
			added = false;
			return any;
		},
	};
}
