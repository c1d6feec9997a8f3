// SHA-256 in plain JavaScript, for short texts: loading node:crypto takes longer than starting half of Node, and a command
// that shows one digest needs nothing else of it. Invariant: it is the same function; a test holds it against node:crypto.

import { once } from "./lazy.ts";

/** More than this is hashed faster by node:crypto, its loading included. Bytes. */
export const SHORT_BYTES = 4 * 1024;

/** The first 32 bits of the fractional parts of the primes' cube roots and, for the state, of their square roots. */
const constants = once(() => {
	const primes = firstPrimes(64);
	const round = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
	const start = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
	return { round, start };
});

/** The digest in hex. */
export function sha256(data: Uint8Array): string {
	const { round, start } = constants();
	const state = start.slice();
	const words = new Int32Array(64);
	const blocks = padded(data);
	for (let offset = 0; offset < blocks.byteLength; offset += 64) {
		for (let i = 0; i < 16; i += 1) words[i] = blocks.getInt32(offset + i * 4);
		compress(state, words, round);
	}
	return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

/** The data, one bit, zeros, and the length in bits, as a whole number of 64-byte blocks. */
function padded(data: Uint8Array): DataView {
	const length = Math.ceil((data.length + 9) / 64) * 64;
	const bytes = new Uint8Array(length);
	bytes.set(data);
	bytes[data.length] = 0x80;
	const view = new DataView(bytes.buffer);
	view.setUint32(length - 8, Math.floor(data.length / 2 ** 29));
	view.setUint32(length - 4, data.length << 3);
	return view;
}

function compress(state: Int32Array, words: Int32Array, round: Int32Array): void {
	for (let i = 16; i < 64; i += 1) {
		const early = at(words, i - 15);
		const late = at(words, i - 2);
		const small = turned(early, 7) ^ turned(early, 18) ^ (early >>> 3);
		const large = turned(late, 17) ^ turned(late, 19) ^ (late >>> 10);
		words[i] = at(words, i - 16) + small + at(words, i - 7) + large;
	}
	let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
	for (let i = 0; i < 64; i += 1) {
		const choice = (e & f) ^ (~e & g);
		const first = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + choice + at(round, i) + at(words, i)) | 0;
		const majority = (a & b) ^ (a & c) ^ (b & c);
		const second = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + majority) | 0;
		[h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
	}
	for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) state[i] = at(state, i) + word;
}

function at(words: Int32Array, index: number): number {
	return words[index] as number;
}

function turned(word: number, bits: number): number {
	return (word >>> bits) | (word << (32 - bits));
}

function firstPrimes(count: number): number[] {
	const primes: number[] = [];
	for (let candidate = 2; primes.length < count; candidate += 1) {
		if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
	}
	return primes;
}

function fraction(root: number): number {
	return ((root - Math.floor(root)) * 2 ** 32) | 0;
}
