// The newest command that an actor made below HEAD, in this workspace.
// Invariant: whose command a commit is says its trailer alone, whole; a merge is nobody's.
import { MsgcodeError } from "../../core/errors.ts";
import { treeOfCommit } from "../../git/head.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import { entryAt } from "../../git/tree-edit.ts";
import { type CommitFacts, commitFacts } from "../history/commit-facts.ts";
import type { Ledger } from "../ledger.ts";
import { formatMessage } from "../message.ts";
import { LIVE } from "../paths.ts";
import { fromTop } from "../workspace.ts";

/** How many commits are looked at in one go; the first one nearly always is it. */
const FIRST_LOOK = 16;

/** The newest commit that a command of this actor made. Throws `nothing_to_undo`, naming somebody else's where there is one. */
export async function lastCommand(ledger: Ledger, reader: ObjectReader): Promise<CommitFacts> {
	const own = await lastOwn(ledger, reader, () => true);
	if (own !== null) return own;
	const other = await newestCommand(ledger, reader, [], () => true);
	if (other === null) throw new MsgcodeError("nothing_to_undo", "No ledger command is in this branch's history.");
	const whose = (await actorAsTrailer(ledger)) ?? "this actor";
	throw new MsgcodeError(
		"nothing_to_undo",
		`No ledger command of ${whose} is in this branch's history; the last one, ${subjectOf(other)}, is ${other.actor ?? other.author}'s.`,
		{ hint: `To undo that one: msgcode undo --op ${short(other)}`, details: { commit: other.oid, actor: other.actor } },
	);
}

/** The newest command of this actor that is wanted, or null. */
export async function lastOwn(
	ledger: Ledger,
	reader: ObjectReader,
	isWanted: (facts: CommitFacts) => boolean,
): Promise<CommitFacts | null> {
	const actor = await actorAsTrailer(ledger);
	const words = actor === null ? [] : [`Msgcode-Actor: ${actor}`];
	return newestCommand(ledger, reader, words, (facts) => facts.actor === actor && isWanted(facts));
}

async function actorAsTrailer(ledger: Ledger): Promise<string | null> {
	const message = formatMessage({ op: "undo", summary: "" }, await ledger.actor());
	return /^Msgcode-Actor: (.*)$/m.exec(message)?.[1] ?? null;
}

/** git filters by the words; whether they are the trailers is for the facts to say. */
async function newestCommand(
	ledger: Ledger,
	reader: ObjectReader,
	words: readonly string[],
	isWanted: (facts: CommitFacts) => boolean,
): Promise<CommitFacts | null> {
	const found = ["Msgcode-Op: ", ...words].map((text) => `--grep=${text}`);
	const filter = ["--no-merges", "--encoding=UTF-8", "--fixed-strings", "--all-match", ...found];
	for (let skip = 0, count = FIRST_LOOK; ; skip += count, count *= 8) {
		const args = ["rev-list", ...filter, `--skip=${skip}`, `--max-count=${count}`, "HEAD", "--"];
		const listed = await ledger.git(args, { accept: [0, 128] }); // 128: an unborn branch
		const lines = listed.stdout.toString("utf8").split("\n");
		const ids = lines.filter((oid) => oid !== "");
		for (const oid of ids) {
			const object = await reader.read(oid);
			const facts = object === null ? null : commitFacts(oid, object.content);
			if (facts === null || facts.op === null || !isWanted(facts)) continue;
			if (await changesLedger(ledger, reader, facts)) return facts;
		}
		if (ids.length < count) return null;
	}
}

/** False for a command of another workspace in the same repository. */
async function changesLedger(ledger: Ledger, reader: ObjectReader, { tree, parents }: CommitFacts): Promise<boolean> {
	const path = fromTop(ledger.workspace, LIVE);
	const parent = parents[0] === undefined ? null : await reader.read(parents[0]);
	// Where the parent is not here nothing speaks against it.
	if (parents.length > 0 && parent === null) return true;
	const former = parent === null ? null : await entryAt(reader, treeOfCommit(parent.content), path);
	return (await entryAt(reader, tree, path))?.oid !== former?.oid;
}

/** `1a2b3c4d5e (task(tsk_…): close as done)`. */
export function subjectOf(facts: CommitFacts): string {
	return `${short(facts)} (${facts.subject})`;
}

export function short(facts: Pick<CommitFacts, "oid">): string {
	return facts.oid.slice(0, 12);
}
