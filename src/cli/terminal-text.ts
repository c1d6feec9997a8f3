// Text from files and processes on its way to a terminal: made safe, measured, cut.
// Invariant: no control character or reordering mark of the data reaches the terminal.

// C0, DEL, C1, and the marks that reorder text (a title must not be able to write itself backwards).
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

// The same without tab and newline; a carriage return before a newline belongs to it.
const UNSAFE_IN_LINES =
	/\r(?!\n)|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const STYLE_SEQUENCE = /(\u001b\[[0-9;]*m)/;

/** The text with every control character and reordering mark written visibly, on one line. */
export function visible(text: string): string {
	return text.replace(UNSAFE, picture);
}

/** As visible(), for text of several lines: newlines and tabs stay, and our own styles when `styled`. */
export function safeText(text: string, styled: boolean): string {
	if (!styled) return text.replace(UNSAFE_IN_LINES, picture);
	return text
		.split(STYLE_SEQUENCE)
		.map((part, index) => (index % 2 === 1 ? part : part.replace(UNSAFE_IN_LINES, picture)))
		.join("");
}

function picture(character: string): string {
	const code = character.charCodeAt(0);
	if (code < 0x20) return String.fromCharCode(0x2400 + code);
	return code === 0x7f ? "\u2421" : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** Columns that the text fills: 2 for wide East Asian characters and emoji, 0 for marks that combine. */
export function displayWidth(text: string): number {
	if (!/[^\u0000-\u007e]/.test(text)) return text.length;
	let width = 0;
	for (const character of text) {
		width += characterWidth(character);
	}
	return width;
}

const ZERO_WIDTH = /^(?:\p{Mn}|\p{Me}|[\u200b-\u200d\u2060\ufeff])$/u;
const WIDE =
	/^[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;

function characterWidth(character: string): number {
	if (ZERO_WIDTH.test(character)) return 0;
	return WIDE.test(character) ? 2 : 1;
}

/** The text cut to `width` columns, with `…` in its last one when something was left out. */
export function truncate(text: string, width: number): string {
	if (displayWidth(text) <= width) return text;
	let kept = "";
	let used = 0;
	for (const character of text) {
		const next = used + characterWidth(character);
		if (next > width - 1) break;
		kept += character;
		used = next;
	}
	return width < 1 ? "" : `${kept}…`;
}
