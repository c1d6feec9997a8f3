// Cuts a stream of bytes into lines of text.
// Invariant: memory stays below twice the longest line allowed, whatever arrives; what is cut away is said.

/** One line without its line ending. `truncated`: the rest of the line was longer than allowed and is gone. */
export type LineListener = (text: string, truncated: boolean) => void;

export interface LineSplitter {
	write(chunk: Uint8Array): void;
	/** The stream has ended: gives the last line, if it had no line ending. */
	end(): void;
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** `maxLineBytes` counts bytes of UTF-8 without the line ending. Invalid UTF-8 becomes U+FFFD. */
export function createLineSplitter(maxLineBytes: number, onLine: LineListener): LineSplitter {
	let pending = Buffer.alloc(0);
	let length = 0;
	// The current line was given already, as far as it was allowed to go.
	let dropping = false;

	function append(bytes: Uint8Array): void {
		const needed = length + bytes.length;
		if (needed > pending.length) {
			const larger = Buffer.allocUnsafe(Math.min(Math.max(needed, pending.length * 2, 1024), maxLineBytes + 1));
			pending.copy(larger, 0, 0, length);
			pending = larger;
		}
		pending.set(bytes, length);
		length = needed;
	}

	function give(truncated: boolean): void {
		const full = pending.subarray(0, length);
		const line = truncated ? wholeCharacters(full.subarray(0, maxLineBytes)) : full;
		length = 0;
		onLine(line.toString("utf8"), truncated);
	}

	/** Bytes that hold no newline. */
	function take(bytes: Uint8Array): void {
		if (dropping || bytes.length === 0) return;
		// One byte more than allowed may be the "\r" of the line ending, or proof that the line is too long.
		const room = maxLineBytes + 1 - length;
		append(bytes.length <= room ? bytes : bytes.subarray(0, room));
		const tooLong = bytes.length > room || (length > maxLineBytes && pending[maxLineBytes] !== CARRIAGE_RETURN);
		if (tooLong) {
			dropping = true;
			give(true);
		}
	}

	return {
		write(chunk) {
			let start = 0;
			for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
				take(chunk.subarray(start, end));
				if (!dropping) {
					if (length > 0 && pending[length - 1] === CARRIAGE_RETURN) length -= 1;
					give(false);
				}
				dropping = false;
				start = end + 1;
			}
			take(chunk.subarray(start));
		},
		end() {
			if (!dropping && length > 0) give(length > maxLineBytes);
			dropping = false;
		},
	};
}

/** Leaves out the first bytes of a character whose rest was cut away. */
function wholeCharacters(bytes: Buffer): Buffer {
	for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
		const byte = bytes[bytes.length - back] ?? 0;
		if ((byte & 0b1100_0000) === 0b1000_0000) continue;
		const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
		return size > back ? bytes.subarray(0, bytes.length - back) : bytes;
	}
	return bytes;
}
