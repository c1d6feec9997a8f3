// A git patch as data: its files with their modes, ids, names and hunks. Text is latin1: one character for each byte.
// Invariant: a patch that has anything in it that is not understood whole is null, never half read.
import { unquoted } from "./quoted-name.ts";

export interface PatchFile {
	/** null for a file that the patch adds. */
	readonly oldPath: string | null;
	/** null for a file that the patch deletes. */
	readonly newPath: string | null;
	/** null where the patch does not say: the mode stays as it is. */
	readonly oldMode: string | null;
	readonly newMode: string | null;
	/** Object ids before and after; null for a rename or a change of mode alone. */
	readonly oldOid: string | null;
	readonly newOid: string | null;
	readonly hunks: readonly Hunk[];
	/** The content is given as bytes, not as lines. */
	readonly binary: boolean;
	/** Lines put in and taken out; null for a binary file. */
	readonly insertions: number | null;
	readonly deletions: number | null;
}

export interface Hunk {
	/** 1-based; 0 where nothing is taken out at the very top. */
	readonly oldStart: number;
	readonly oldCount: number;
	/** Each with its mark in front and its line end behind, where it has one. */
	readonly lines: readonly string[];
}

interface Header {
	oldPath: string | null;
	newPath: string | null;
	oldMode: string | null;
	newMode: string | null;
	oldOid: string | null;
	newOid: string | null;
	added: boolean;
	deleted: boolean;
}

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@/;
const INDEX = /^index ([0-9a-f]{40,64})\.\.([0-9a-f]{40,64})(?: (\d{6}))?$/;
const BINARY_LINE = /^(?:(?:literal|delta) \d+|[A-Za-z][0-9A-Za-z!#$%&()*+;<=>?@^_`{|}~-]+|)$/;

/** The patch's files in its own order, or null where it is not one that `git diff --binary --full-index` writes. */
export function readPatch(patch: Uint8Array): PatchFile[] | null {
	const text = Buffer.from(patch.buffer, patch.byteOffset, patch.byteLength).toString("latin1");
	const lines = text.split("\n");
	if (lines.pop() !== "") return null; // a patch ends with a line end
	const files: PatchFile[] = [];
	for (let at = 0; at < lines.length; ) {
		const read = readFile(lines, at);
		if (read === null) return null;
		files.push(read.file);
		at = read.next;
	}
	return files;
}

function readFile(lines: readonly string[], start: number): { file: PatchFile; next: number } | null {
	const names = /^diff --git (.+)$/.exec(lines[start] ?? "")?.[1];
	if (names === undefined) return null;
	const header: Header = {
		oldPath: null,
		newPath: null,
		oldMode: null,
		newMode: null,
		oldOid: null,
		newOid: null,
		added: false,
		deleted: false,
	};
	let at = start + 1;
	while (at < lines.length && takeHeaderLine(header, lines[at] as string)) at += 1;
	if (header.oldPath === null && header.newPath === null) {
		const same = sameName(names);
		if (same === null) return null;
		header.oldPath = same;
		header.newPath = same;
	}
	let body: Body | null = { hunks: [], binary: false, insertions: 0, deletions: 0, next: at };
	if (lines[at] === "GIT binary patch") body = readBinary(lines, at + 1);
	else if (lines[at]?.startsWith("@@") === true) body = readHunks(lines, at);
	if (body === null) return null;
	const { next, ...content } = body;
	const { added, deleted, ...facts } = header;
	const file: PatchFile = {
		...facts,
		...content,
		oldPath: added ? null : header.oldPath,
		newPath: deleted ? null : header.newPath,
	};
	return { file, next };
}

/** False for a line that belongs to no header. */
function takeHeaderLine(header: Header, line: string): boolean {
	const index = INDEX.exec(line);
	if (index !== null) {
		const [, oldOid = "", newOid = "", mode] = index;
		Object.assign(header, { oldOid, newOid });
		if (mode !== undefined) Object.assign(header, { oldMode: mode, newMode: mode });
		return true;
	}
	const [, key, value = ""] =
		/^(old mode|new mode|deleted file mode|new file mode|similarity index|dissimilarity index|rename from|rename to|---|\+\+\+) (.*)$/.exec(
			line,
		) ?? [];
	switch (key) {
		case "old mode":
			header.oldMode = value;
			return true;
		case "new mode":
			header.newMode = value;
			return true;
		case "deleted file mode":
			header.oldMode = value;
			header.deleted = true;
			return true;
		case "new file mode":
			header.newMode = value;
			header.added = true;
			return true;
		case "rename from":
			header.oldPath = plainName(value);
			return true;
		case "rename to":
			header.newPath = plainName(value);
			return true;
		case "---":
			header.oldPath ??= value === "/dev/null" ? null : sideName(value);
			return true;
		case "+++":
			header.newPath ??= value === "/dev/null" ? null : sideName(value);
			return true;
		default:
			return key !== undefined;
	}
}

interface Body extends Pick<PatchFile, "hunks" | "binary" | "insertions" | "deletions"> {
	readonly next: number;
}

function readHunks(lines: readonly string[], start: number): Body | null {
	const hunks: Hunk[] = [];
	let insertions = 0;
	let deletions = 0;
	let at = start;
	for (let found = HUNK.exec(lines[at] ?? ""); found !== null; found = HUNK.exec(lines[at] ?? "")) {
		const oldCount = Number(found[2] ?? 1);
		let oldLeft = oldCount;
		let newLeft = Number(found[3] ?? 1);
		const taken: string[] = [];
		at += 1;
		while (oldLeft > 0 || newLeft > 0 || lines[at]?.startsWith("\\") === true) {
			const line = lines[at];
			const mark = line?.[0];
			if (line === undefined || mark === undefined) return null;
			at += 1;
			if (mark === "\\") {
				const last = taken.pop();
				if (last === undefined) return null;
				taken.push(last.slice(0, -1));
				continue;
			}
			if (mark === "+") insertions += 1;
			else if (mark === "-") deletions += 1;
			else if (mark !== " ") return null;
			if (mark !== "+") oldLeft -= 1;
			if (mark !== "-") newLeft -= 1;
			taken.push(`${line}\n`);
		}
		if (oldLeft < 0 || newLeft < 0) return null;
		hunks.push({ oldStart: Number(found[1]), oldCount, lines: taken });
	}
	return { hunks, binary: false, insertions, deletions, next: at };
}

function readBinary(lines: readonly string[], start: number): Body | null {
	let at = start;
	while (at < lines.length && !(lines[at] as string).startsWith("diff --git ")) {
		if (!BINARY_LINE.test(lines[at] as string)) return null;
		at += 1;
	}
	return { hunks: [], binary: true, insertions: null, deletions: null, next: at };
}

/** The one name in `a/x b/x`; null where there are two. */
function sameName(names: string): string | null {
	if (names.startsWith('"')) {
		const [, first, second] = /^("(?:[^"\\]|\\.)*") ("(?:[^"\\]|\\.)*")$/.exec(names) ?? [];
		if (first === undefined || second === undefined) return null;
		const [a, b] = [sideName(first), sideName(second)];
		return a === b ? a : null;
	}
	const half = (names.length - 1) / 2;
	const [a, b] = [names.slice(0, half), names.slice(half + 1)];
	return a.startsWith("a/") && b.startsWith("b/") && a.slice(2) === b.slice(2) ? utf8(a.slice(2)) : null;
}

/** `a/x`, `"a/\303\244"`, `a/with space<tab>` → the path. */
function sideName(written: string): string {
	return plainName(written.replace(/\t$/, "")).replace(/^[ab]\//, "");
}

function plainName(written: string): string {
	return utf8(written.startsWith('"') && written.endsWith('"') ? unquoted(written.slice(1, -1)) : written);
}

function utf8(latin1: string): string {
	return Buffer.from(latin1, "latin1").toString("utf8");
}
