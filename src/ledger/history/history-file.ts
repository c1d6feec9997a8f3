// The history index on disk: `.git/msgcode/history/<workspace>.index`. Local, derived, disposable.
// Invariant: a file that is damaged, of another version or of another workspace is no index: it is made anew. Failing to
// write it is no failure of the command.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { ensureFolder, replaceFile } from "../../core/files.ts";
import type { Workspace } from "../workspace.ts";
import { type HistoryTable, RUN_WIDTH, TASK_WIDTH } from "./history-table.ts";

const MAGIC = "MSGCODE HISTORY 1\n".padEnd(24, "\0");
/** Behind the magic: the checksum of what follows, the header's length. */
const PROLOGUE = MAGIC.length + 8;
const ALIGNMENT = 8;

type IndexPlace = Pick<Workspace, "stateDir" | "prefix" | "objectIdLength">;

export function historyFile({ stateDir, prefix }: Pick<IndexPlace, "stateDir" | "prefix">): string {
	const name = createHash("sha256").update(prefix).digest("hex").slice(0, 16);
	return join(stateDir, "history", `${name}.index`);
}

/** null where there is none that can be used. */
export function loadHistory(workspace: IndexPlace): HistoryTable | null {
	try {
		return parseHistory(readFileSync(historyFile(workspace)), workspace);
	} catch {
		return null;
	}
}

/** A read-only or full disk only means that the next command does the same work. */
export function saveHistory(workspace: IndexPlace, table: HistoryTable): void {
	const { stateDir } = workspace;
	try {
		ensureFolder(join(stateDir, "history"), 0o700);
		// What a killed process leaves of it lies where such leftovers are looked for.
		const how = { mode: 0o600, durable: false, temporaryIn: stateDir };
		replaceFile(historyFile(workspace), formatHistory(table, workspace), how);
	} catch {
		// Nothing that anybody relies on.
	}
}

export function formatHistory(table: HistoryTable, { prefix }: Pick<IndexPlace, "prefix">): Buffer {
	const { tasks, runs } = table;
	const sections: readonly Uint8Array[] = [
		table.seconds,
		table.cutSeconds,
		table.parentStarts,
		table.parents,
		tasks.starts,
		tasks.values,
		runs.starts,
		runs.values,
		table.tips,
		table.oids,
		table.cutOids,
		table.wide,
		tasks.names,
		runs.names,
	].map((section) => new Uint8Array(section.buffer, section.byteOffset, section.byteLength));
	const header = padded(
		Buffer.from(
			JSON.stringify({
				prefix,
				idBytes: table.idBytes,
				count: table.count,
				lengths: sections.map(({ length }) => length),
			}),
		),
		" ",
	);
	const content = Buffer.concat([header, ...sections.map((section) => padded(section, "\0"))]);
	const prologue = Buffer.alloc(PROLOGUE);
	prologue.write(MAGIC, "latin1");
	prologue.writeUInt32LE(crc32(content), MAGIC.length);
	prologue.writeUInt32LE(header.length, MAGIC.length + 4);
	return Buffer.concat([prologue, content]);
}

/** Throws on anything that is not such a file. */
export function parseHistory(file: Buffer, { prefix, objectIdLength }: Omit<IndexPlace, "stateDir">): HistoryTable {
	if (file.length < PROLOGUE || file.toString("latin1", 0, MAGIC.length) !== MAGIC) throw new Error("no history index");
	const content = file.subarray(PROLOGUE);
	if (crc32(content) !== file.readUInt32LE(MAGIC.length)) throw new Error("a damaged history index");
	const headerLength = file.readUInt32LE(MAGIC.length + 4);
	const header = JSON.parse(content.toString("utf8", 0, headerLength)) as {
		prefix: string;
		idBytes: number;
		count: number;
		lengths: number[];
	};
	if (header.prefix !== prefix || header.idBytes * 2 !== objectIdLength) throw new Error("another repository's index");
	// The arrays are views of the file's bytes, which therefore have to begin at a multiple of eight.
	const start = (content.byteOffset + headerLength) % ALIGNMENT;
	const bytes =
		start === 0 ? content.subarray(headerLength) : Buffer.from(Uint8Array.from(content.subarray(headerLength)).buffer);
	let offset = bytes.byteOffset;
	const sections = header.lengths.map((length) => {
		const at = offset;
		offset += Math.ceil(length / ALIGNMENT) * ALIGNMENT;
		return { at, length };
	});
	const { buffer } = bytes;
	const section = (number: number) => sections[number] as { at: number; length: number };
	const doubles = (number: number) => new Float64Array(buffer, section(number).at, section(number).length / 8);
	const numbers = (number: number) => new Uint32Array(buffer, section(number).at, section(number).length / 4);
	const raw = (number: number) => Buffer.from(buffer, section(number).at, section(number).length);
	return {
		idBytes: header.idBytes,
		count: header.count,
		seconds: doubles(0),
		cutSeconds: doubles(1),
		parentStarts: numbers(2),
		parents: new Int32Array(buffer, section(3).at, section(3).length / 4),
		tasks: { width: TASK_WIDTH, starts: numbers(4), values: numbers(5), names: raw(12) },
		runs: { width: RUN_WIDTH, starts: numbers(6), values: numbers(7), names: raw(13) },
		tips: numbers(8),
		oids: raw(9),
		cutOids: raw(10),
		wide: raw(11),
	};
}

function padded(section: Uint8Array, filler: string): Buffer {
	const rest = (ALIGNMENT - (section.length % ALIGNMENT)) % ALIGNMENT;
	return Buffer.concat([section, Buffer.alloc(rest, filler)]);
}
