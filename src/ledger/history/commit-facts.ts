// What one commit says of itself: who, when, its message, and the ledger's trailers.
// Invariant: pure, and no commit is too strange to read: what is missing or malformed is null or empty, never an exception.
import { dateable } from "../../core/clock.ts";
import { isRunId, isTaskId } from "../../core/ids.ts";

export interface CommitFacts {
	readonly oid: string;
	readonly parents: readonly string[];
	readonly tree: string;
	/** The author's time, epoch ms. */
	readonly atMs: number;
	/** The committer's time, epoch ms: what git's `--since`, and the order by date, go by. */
	readonly committedAtMs: number;
	/** The author's name. */
	readonly author: string;
	/** The first paragraph of the message, in one line. */
	readonly subject: string;
	/** What follows the first paragraph, trailers included. */
	readonly body: string;
	/** From here on: trailers of the message's last block, as git reads them. null where there is none. */
	readonly op: string | null;
	/** The tasks that are named, each once; several where commits were squashed into one. */
	readonly taskIds: readonly string[];
	readonly runId: string | null;
	readonly actor: string | null;
	/** The full id of the commit that this one undoes, from its trailer. */
	readonly undoes: string | null;
	/** The id of the commit that `git revert` says it reverts; shortened where `revert.reference` asks for that. */
	readonly reverts: string | null;
}

const COMMIT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** Reads a commit object's content, as `git cat-file commit` gives it. */
export function commitFacts(oid: string, content: Buffer): CommitFacts {
	const headerEnd = content.indexOf("\n\n");
	const header = content.subarray(0, headerEnd < 0 ? content.length : headerEnd).toString("latin1");
	const rest = headerEnd < 0 ? content.subarray(content.length) : content.subarray(headerEnd + 2);
	const fields = headerFields(header);
	const decode = decoderOf(fields.get("encoding")?.[0]);
	const message = decode(rest);
	const { subject, body } = partsOf(message);
	const trailers = trailersOf(message);
	const values = (name: string) => trailers.get(`msgcode-${name}`) ?? [];
	const first = (name: string) => values(name)[0] ?? null;
	const runId = values("run").find(isRunId) ?? null;
	const author = stampOf(fields.get("author")?.[0], decode);
	return {
		oid,
		parents: fields.get("parent") ?? [],
		tree: fields.get("tree")?.[0] ?? "",
		atMs: author.atMs,
		committedAtMs: stampOf(fields.get("committer")?.[0], decode).atMs,
		author: author.name,
		subject,
		body,
		op: first("op"),
		taskIds: [...new Set(values("task").filter(isTaskId))],
		runId,
		actor: first("actor"),
		undoes: values("undoes").find((value) => COMMIT_ID.test(value)) ?? null,
		reverts: /^This reverts commit ([0-9a-f]{7,64})\b/m.exec(message)?.[1] ?? null,
	};
}

/** How many commands a message tells of: a squash keeps the messages of its commits, one below the other. */
export function commandsTold({ body }: Pick<CommitFacts, "body">): number {
	return body.match(/^[ \t]*Msgcode-Op:/gim)?.length ?? 0;
}

/** Header lines by name; what is continued (a signature) is left out, since nothing here asks for it. */
function headerFields(header: string): Map<string, string[]> {
	const fields = new Map<string, string[]>();
	for (const line of header.split("\n")) {
		const space = line.indexOf(" ");
		if (space <= 0) continue;
		const name = line.slice(0, space);
		fields.set(name, [...(fields.get(name) ?? []), line.slice(space + 1)]);
	}
	return fields;
}

type Decode = (bytes: Buffer) => string;

function decoderOf(encoding: string | undefined): Decode {
	if (encoding !== undefined && !/^utf-?8$/i.test(encoding)) {
		try {
			const decoder = new TextDecoder(encoding);
			return (bytes) => decoder.decode(bytes);
		} catch {
			// An encoding that nobody knows: the bytes are taken as they are.
		}
	}
	return (bytes) => bytes.toString("utf8");
}

function stampOf(line: string | undefined, decode: Decode): { readonly name: string; readonly atMs: number } {
	const found = /^(.*?) ?<[^>]*>(?: (-?\d{1,15}))?/s.exec(line ?? "");
	const name = decode(Buffer.from(found?.[1] ?? "", "latin1")).trim();
	return { name, atMs: dateable(Number(found?.[2] ?? 0) * 1000) };
}

function partsOf(message: string): { readonly subject: string; readonly body: string } {
	const lines = message.split("\n");
	const start = lines.findIndex((line) => line.trim() !== "");
	if (start < 0) return { subject: "", body: "" };
	const length = lines.slice(start).findIndex((line) => line.trim() === "");
	const end = length < 0 ? lines.length : start + length;
	const subject = lines.slice(start, end).map((line) => line.trimEnd());
	return { subject: subject.join(" "), body: lines.slice(end).join("\n").trim() };
}

/** Lines that git itself writes: a block that has one of them may hold other text as well. */
const OF_GIT = /^(?:Signed-off-by: |\(cherry picked from commit )/;
const TRAILER = /^([A-Za-z0-9-]+)[ \t]*:[ \t]*(.*)$/;

/** The values by name in small letters, of the last paragraph if it is a block of trailers by git's rules. */
function trailersOf(message: string): Map<string, string[]> {
	const trailers = new Map<string, string[]>();
	const paragraphs = message.trim().split(/\n(?:[ \t\r]*\n)+/);
	if (paragraphs.length < 2) return trailers;
	let trailerLines = 0;
	let otherLines = 0;
	let recognised = false;
	let open: string[] | null = null;
	for (const line of (paragraphs.at(-1) as string).split("\n")) {
		if (line.startsWith("#")) continue;
		if (OF_GIT.test(line)) recognised = true;
		const [, name, value] = TRAILER.exec(line) ?? [];
		if (/^[ \t]/.test(line)) {
			// A continued value; below a line of text it is text.
			if (open === null) otherLines += 1;
			else open.push(`${open.pop() ?? ""} ${line.trim()}`);
		} else if (name !== undefined && value !== undefined) {
			trailerLines += 1;
			open = trailers.get(name.toLowerCase()) ?? [];
			open.push(value.trim());
			trailers.set(name.toLowerCase(), open);
		} else {
			open = null;
			if (!OF_GIT.test(line)) otherLines += 1;
		}
	}
	const isBlock = otherLines === 0 ? trailerLines > 0 : recognised && trailerLines * 3 >= otherLines;
	return isBlock ? trailers : new Map();
}
