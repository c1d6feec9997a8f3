// Task files that a merge, rebase, cherry-pick or stash left in conflict, in a clone that had no merge driver then.
// Invariant: nothing is committed: a resolved file is staged and the person concludes the merge; other paths stay unmerged.

import { mergeLedgerFile } from "../merge/merge-task.ts";
import { RUNS_FILE, taskPath } from "../paths.ts";
import { markersLeft } from "./conflict-markers.ts";
import { parseMarkers } from "./conflict-text.ts";
import type { Fix, FixGround, FixKind, Stages, Undecided } from "./fix.ts";
import { belongTo, resolveMarkers } from "./resolve-markers.ts";
import { unionOf } from "./run-log-markers.ts";
import { stageFile } from "./stage-file.ts";
import { plainContent, runLogText } from "./task-files.ts";

export const unmergedFile: FixKind = {
	code: "unmerged",
	wrong: "a task file in conflict in the middle of a merge, rebase or cherry-pick",
	mended: "it is merged by field, as the merge driver does, and staged; you conclude the merge",
	async find(ground) {
		const fixes: Fix[] = [];
		const undecided: Undecided[] = [];
		for (const [path, stages] of ground.unmerged) {
			const found = await resolved(ground, path, stages);
			if ("writes" in found) fixes.push(found);
			else undecided.push(found);
		}
		return { fixes, undecided };
	},
};

async function resolved(ground: FixGround, path: string, stages: Stages): Promise<Fix | Undecided> {
	const task = taskPath(path);
	const taskId = task?.taskId ?? null;
	const left = (why: string, fields: readonly string[] = []) => {
		return { ...markersLeft({ taskId, path }, { why, fields }), hint: `Mend the file, then stage it: git add ${path}` };
	};
	const { root } = ground.ledger.workspace;
	if (path === RUNS_FILE) {
		const text = runLogText(root);
		const union = text === null ? null : unionOf(text);
		if (text === null || union === null) return left("its conflict markers cannot be read");
		return staged(ground, path, text, union, "Lines are only ever appended, so both sides' lines stay, once each.");
	}
	const content = plainContent(root, path);
	if (content === null) {
		const hint = `Where another file took its place, tell git that it is gone: git rm --cached ${path}`;
		return { ...left("it is not there, or no plain file"), hint };
	}
	const text = content.toString("utf8");
	if (!Buffer.from(text).equals(content)) return left("it is not UTF-8 text");
	const sides = await sidesOf(ground, stages);
	if (sides.ours === null || sides.theirs === null) {
		// A new file of a run whose folder the other side has moved: git has put it beside the others and asks for a yes.
		const only = stages.base === null && (sides.ours ?? sides.theirs) === text;
		if (task?.kind !== "run" || !only) return left("one side has it and the other has not");
		return staged(ground, path, text, null, "Only one side has the file, and it stands beside the run's other files.");
	}
	if (task === null || task.kind === "run") return left("no field of it can be merged on its own");
	const { base, ours, theirs } = sides;
	const known = { base, ours, theirs };
	const driven = await mergeLedgerFile(path, known, ground.mergeText);
	if (driven.conflicts.length > 0) return left("both sides changed the same", driven.conflicts);
	const marked = parseMarkers(text);
	if (marked === "none") {
		// Written before somebody died between that and the staging, or by a person who decided the same.
		if (driven.text !== text) return left("its markers are gone: somebody has resolved it, or begun to");
		return staged(ground, path, text, null, "The file is what merging the sides by field gives.");
	}
	if (marked !== "unclear" && !belongTo(marked, known)) return left("somebody has begun to resolve it");
	const resolution = await resolveMarkers(path, text, async () => known, ground.mergeText);
	if (!("text" in resolution)) return left(resolution.why, resolution.fields);
	const why =
		"Merged by field, the two sides do not contradict each other; everything outside the markers stays as it is.";
	return staged(ground, path, text, resolution.text, why);
}

function staged({ ledger }: FixGround, path: string, seen: string, text: string | null, why: string): Fix {
	return {
		taskId: taskPath(path)?.taskId ?? null,
		file: path,
		message: `A merge that is not concluded left ${path} in conflict.`,
		why: `${why} It is staged, not committed.`,
		summary: `resolve ${path}`,
		writes: [{ path, seen: Buffer.from(seen), content: text ?? seen }],
		...(text === null ? { steps: [`git add ${path}`] } : {}),
		mend: () => stageFile(ledger, path, text),
	};
}

async function sidesOf({ reader }: FixGround, stages: Stages) {
	const text = async (oid: string | null) =>
		oid === null ? null : ((await reader.read(oid))?.content.toString("utf8") ?? null);
	return { base: await text(stages.base), ours: await text(stages.ours), theirs: await text(stages.theirs) };
}
