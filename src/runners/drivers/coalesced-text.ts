// Gathers the small pieces in which a model's text arrives into fewer, larger ones.
// Invariant: the pieces joined are the text, whatever way it came; a pause in the stream holds nothing back for long.

const ENOUGH_CHARACTERS = 400;
const LONGEST_WAIT_MS = 250;

export interface CoalescedText {
	add(text: string): void;
	/** Says what is left. */
	flush(): void;
}

export function coalesce(say: (text: string) => void): CoalescedText {
	let waiting = "";
	let timer: NodeJS.Timeout | null = null;

	function flush(): void {
		if (timer !== null) clearTimeout(timer);
		timer = null;
		const text = waiting;
		waiting = "";
		if (text !== "") say(text);
	}

	return {
		add(text) {
			waiting += text;
			if (waiting.length >= ENOUGH_CHARACTERS) flush();
			else timer ??= setTimeout(flush, LONGEST_WAIT_MS);
		},
		flush,
	};
}
