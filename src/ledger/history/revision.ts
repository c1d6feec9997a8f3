// What a person means by a revision: a commit by any of git's names, or the checked-out branch at a time.
// Invariant: a name that git knows is never taken for a time.
import { dateable, isoTime } from "../../core/clock.ts";
import { MsgcodeError } from "../../core/errors.ts";
import type { ObjectReader } from "../../git/object-reader.ts";
import type { Ledger } from "../ledger.ts";
import { looksLikeTime, readTime } from "./date-words.ts";
import { openHistory } from "./history-walk.ts";

/**
 * The full id of the commit. At a time, the branch's newest commit by then, along first parents: what was merged later
 * was not on the branch yet, however old it is. Throws `revision_not_found`.
 */
export async function resolveRevision(
	ledger: Ledger,
	reader: ObjectReader,
	text: string,
	onBuild?: (commits: number) => void,
): Promise<string> {
	const named = /[\n\0]/.test(text) || text === "" ? null : await reader.read(`${text}^{commit}`);
	if (named !== null) return named.oid;
	const notFound = (message: string, hint: string) => new MsgcodeError("revision_not_found", message, { hint });
	if (!looksLikeTime(text)) {
		throw notFound(
			`git knows no revision ${JSON.stringify(text)}.`,
			"Give a branch, a tag, a commit's id, HEAD~3, or a time such as '2 weeks ago'.",
		);
	}
	const seconds = await readTime(ledger.git, text, "last", "--at");
	const head = await reader.read("HEAD");
	if (head === null) throw notFound("The branch has no commit yet.", "msgcode init");
	const history = await openHistory(ledger, head.oid, onBuild);
	let oldest = 0;
	for (const commit of history.firstParents()) {
		if (commit.seconds <= seconds) return commit.oid;
		oldest = commit.seconds;
	}
	const began = isoTime(dateable(oldest * 1000))
		.slice(0, 16)
		.replace("T", " ");
	throw notFound(
		`The branch's history${history.cut ? " in this shallow clone" : ""} begins at ${began} UTC, after ${JSON.stringify(text)}.`,
		history.cut ? "git fetch --unshallow" : "Give a later time.",
	);
}
