// How the tasks' records came to be what they are: every status by a legal step with an actor, every birth kept.
// Invariant: a commit that no single command made is never called damaged for what it changed.
import { recordPath, taskPath } from "../ledger/paths.ts";
import { isTransitionLegal, TASK_STATUSES, type TaskStatus } from "../ledger/task/task-status.ts";
import { type CommitKind, kindOf } from "./commit-kind.ts";
import { type Finding, finding } from "./finding.ts";
import type { FileChange, WalkedCommit } from "./history-walk.ts";
import type { Look } from "./look.ts";
import { lostTasks } from "./lost-tasks.ts";

/** What a record said at one commit; null where it could not be read. */
interface RecordState {
	readonly status: TaskStatus | null;
	/** What a record is born with, as one text. */
	readonly identity: string;
}

export async function checkHistory(look: Look): Promise<Finding[]> {
	const { history } = look;
	const findings: Finding[] = [];
	if (history.failure !== null) {
		const { message, hint = "git fsck" } = history.failure;
		findings.push(finding("check_incomplete", { message: `The history cannot be read: ${message}`, hint }));
	}
	if (history.shallow) findings.push(shallowFinding(history.commits));
	const states = await readStates(look);
	const births = new Map<string, Set<string | null>>();
	for (const commit of history.commits) {
		const kind = kindOf(commit);
		for (const [id, { before, after }] of recordChanges(commit)) {
			if (after === null) continue;
			const state = states.get(after) ?? null;
			const former = before === null ? null : (states.get(before) ?? null);
			if (before === null || kind === "taking-back") {
				births.set(id, (births.get(id) ?? new Set()).add(state?.identity ?? null));
			}
			if (state === null || (before !== null && former === null)) continue;
			const wrong = commit.isEdge ? null : stepFinding(id, former?.status ?? null, state.status, commit, kind);
			if (wrong !== null) findings.push(wrong);
		}
	}
	return [...findings, ...changedIdentities(look, births), ...(await lostTasks(look))];
}

function shallowFinding(commits: readonly WalkedCommit[]): Finding {
	const edge = commits.find(({ isEdge }) => isEdge)?.facts.oid;
	return finding("history_shallow", {
		...(edge === undefined ? {} : { commit: edge }),
		message: "This clone is shallow: it does not hold the whole history of the ledger.",
		hint: "git fetch --unshallow",
	});
}

/** One step of a record's status; `from` is null where the record was born. */
function stepFinding(
	id: string,
	from: TaskStatus | null,
	to: TaskStatus | null,
	{ facts }: WalkedCommit,
	kind: CommitKind,
): Finding | null {
	// A record is born open, and may be moved on in the same commit.
	const start = from ?? "open";
	if (to === null || start === to || kind === "merge" || kind === "taking-back") return null;
	const place = { file: recordPath(id), taskId: id, commit: facts.oid };
	const hint = `git show ${facts.oid.slice(0, 12)}`;
	const step = `${id} went from ${start} to ${to}`;
	const nobody = kind === "unknown" ? facts.author === "" : facts.actor === null;
	if (nobody) return finding("status_without_actor", { ...place, message: `${step}, and no actor is named.`, hint });
	if (kind === "unknown") {
		const message = `${step} in a commit without one command's trailers, by ${facts.author}.`;
		return finding("trailers_absent", { ...place, message, hint });
	}
	if (isTransitionLegal(start, to)) return null;
	const code =
		kind === "by-hand" ? "changed_by_hand" : kind === "replayed" ? "transition_replayed" : "transition_illegal";
	return finding(code, { ...place, message: `${step} by \`${facts.op}\`, which no command does.`, hint });
}

/** Each record's blob before and after, wherever its home is: a move is one change. */
function recordChanges(commit: WalkedCommit): Map<string, { before: string | null; after: string | null }> {
	const changes = new Map<string, { before: string | null; after: string | null }>();
	for (const change of commit.changes) {
		const place = taskPath(change.path);
		if (place?.kind !== "record") continue;
		const known = changes.get(place.taskId) ?? { before: null, after: null };
		changes.set(place.taskId, { before: known.before ?? beforeOf(change), after: change.after ?? known.after });
	}
	return changes;
}

/** Of a merge any parent's: nothing that it says of a step counts there. */
function beforeOf(change: FileChange): string | null {
	return change.before.find((oid) => oid !== null) ?? null;
}

async function readStates({ reader, history }: Look): Promise<ReadonlyMap<string, RecordState | null>> {
	const oids = new Set<string>();
	for (const commit of history.commits) {
		for (const { before, after } of recordChanges(commit).values()) {
			for (const oid of [before, after]) if (oid !== null) oids.add(oid);
		}
	}
	const states = [...oids].map(async (oid) => {
		const object = await reader.read(oid);
		return [oid, object === null ? null : stateOf(object.content)] as const;
	});
	return new Map(await Promise.all(states));
}

function stateOf(content: Buffer): RecordState | null {
	try {
		const { status, ...record } = JSON.parse(content.toString("utf8").replace(/^\uFEFF/, "")) as Record<
			string,
			unknown
		>;
		const known = TASK_STATUSES.includes(status as TaskStatus) ? (status as TaskStatus) : null;
		return { status: known, identity: identityOf(record) };
	} catch {
		return null;
	}
}

function identityOf(record: Readonly<Record<string, unknown>>): string {
	const { id, createdAtMs } = record;
	const { uid = null, path = null } = (record.workspace ?? {}) as Readonly<Record<string, unknown>>;
	return JSON.stringify({ id, createdAtMs, uid, path });
}

/** What history has no readable birth of cannot be compared. */
function changedIdentities({ snapshot }: Look, births: ReadonlyMap<string, ReadonlySet<string | null>>): Finding[] {
	return [...snapshot.tasks.values()].flatMap(({ id, files, record }) => {
		const born = births.get(id);
		if (record === null || born === undefined || born.has(null)) return [];
		const now = identityOf(record as unknown as Readonly<Record<string, unknown>>);
		if (born.has(now)) return [];
		const file = files.record;
		const message = `The record of ${id} was born as ${[...born].join(" or ")} and says ${now} now.`;
		const hint = `See which commit changed it: git log -p -- ${file}`;
		return [finding("identity_changed", { file, taskId: id, message, hint })];
	});
}
