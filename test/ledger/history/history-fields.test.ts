// What `task log` says changed, field by field and as a diff, on random histories: against git's own objects and diffs.
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { HistoryEntry } from "../../../src/ledger/history/history.ts";
import type { FieldChange } from "../../../src/ledger/history/task-changes.ts";
import { randomHistory } from "../../support/random-history.ts";
import { type Repo, repo } from "../../support/repo.ts";
import { succeed } from "../../support/two-clones.ts";

interface State {
	readonly home: string | null;
	readonly fields: Readonly<Record<string, unknown>>;
	readonly body: string;
	/** `<run>/<file>` → content. */
	readonly runs: ReadonlyMap<string, string>;
}

const NOTHING: State = { home: null, fields: {}, body: "", runs: new Map() };

/** A task's state in a commit, as `git ls-tree` and `git show` tell it. */
function stateAt(place: Repo, commit: string | undefined, id: string): State {
	if (commit === undefined) return NOTHING;
	const paths = place
		.git("ls-tree", "-r", "-z", "--name-only", commit, "tasks")
		.split("\0")
		.filter((path) => path.includes(id));
	const show = (path: string | undefined) => (path === undefined ? "" : `${place.git("show", `${commit}:${path}`)}\n`);
	const definition = paths.find((path) => path.endsWith(`/${id}.md`));
	const record = paths.find((path) => path.endsWith(`/${id}.json`));
	const [, matter = "", body = ""] = /^---\n([\s\S]*?)^---\n([\s\S]*)$/m.exec(show(definition)) ?? [];
	const { status } = JSON.parse(show(record) || "{}");
	const runs = new Map(
		paths.flatMap((path) => {
			const inRun = /\/(run_[^/]+\/.+)$/.exec(path)?.[1];
			return inRun === undefined ? [] : [[inRun, show(path)] as const];
		}),
	);
	const home = (definition ?? record)?.replace(/\/[^/]+$/, "") ?? null;
	return { home, fields: { ...(parse(matter) ?? {}), ...(status === undefined ? {} : { status }) }, body, runs };
}

/** The changes in the words of the log; a birth does not tell what is a default. */
function changesBetween(before: State, after: State): Set<string> {
	const told = new Set<string>();
	const born = Object.keys(before.fields).every((key) => key === "status");
	for (const key of new Set([...Object.keys(before.fields), ...Object.keys(after.fields)])) {
		const [from, to] = [before.fields[key] ?? null, after.fields[key] ?? null];
		if (from === to || (born && key === "priority" && to === 5)) continue;
		told.add(`${key}: ${JSON.stringify(from)} → ${JSON.stringify(to)}`);
	}
	if (before.body !== after.body) told.add("prompt");
	if (before.home !== null && after.home !== null && before.home !== after.home)
		told.add(`home: ${before.home} → ${after.home}`);
	for (const file of new Set([...before.runs.keys(), ...after.runs.keys()])) {
		if (before.runs.get(file) === after.runs.get(file)) continue;
		const [runId, name] = file.split("/");
		const added = !before.runs.has(file);
		if (added && name === "run_receipt.json") told.add(`run ${runId}`);
		else if (name === "landing.json" && (added || !after.runs.has(file))) {
			told.add(added ? `landing ${runId}` : `landing of ${runId} gone`);
		} else told.add(`file ${file}`);
	}
	return told;
}

function said(changes: readonly FieldChange[]): Set<string> {
	return new Set(
		changes.map(({ field, from, to }) => {
			if (field === "prompt") return "prompt";
			if (field === "home") return `home: ${from} → ${to}`;
			if (field === "landing" && to === null) return `landing of ${from} gone`;
			if (field === "run" || field === "landing") return `${field} ${to}`;
			return field.startsWith("run_") ? `file ${field}` : `${field}: ${JSON.stringify(from)} → ${JSON.stringify(to)}`;
		}),
	);
}

describe("task log -p", () => {
	test.each([31, 32, 33])("seed %i: every change of every commit is git's", async (seed) => {
		const place = await repo({ files: { "code.txt": "1\n" }, ledger: true });
		const made = randomHistory(place, seed);
		for (let step = 0; step < 50; step += 1) made.step();
		let checked = 0;
		for (const id of made.ids) {
			const log = await place.msgcode("--json", "task", "log", id, "-p");
			if (log.exitCode !== 0) {
				expect(log.json().error.code).toBe("task_not_found");
				expect(place.git("log", "--format=%H", "--", `:(glob)tasks/**/${id}.*`)).toBe("");
				continue;
			}
			for (const entry of log.json().data as HistoryEntry[]) {
				const [first, ...others] = place.git("log", "-1", "--format=%P", entry.commit).split(" ").filter(Boolean);
				const after = stateAt(place, entry.commit, id);
				const expected = changesBetween(stateAt(place, first, id), after);
				const told = said(entry.changes);
				if (others.length === 0) expect([entry.commit, told]).toEqual([entry.commit, expected]);
				else for (const change of told) expect(expected).toContain(change);
				const paths = [`:(glob)tasks/${id}.*`, `:(glob)tasks/archive/*/${id}.*`, `:(glob)tasks/**/runs/${id}/**`];
				const base = first ?? place.git("hash-object", "-t", "tree", "/dev/null");
				const patch = place.git("diff", "--find-renames", base, entry.commit, "--", ...paths).trim();
				expect(entry.patch).toBe(patch);
				checked += 1;
			}
		}
		expect(checked).toBeGreaterThan(5);
		const [id] = made.ids;
		const whole = (await place.msgcode("--json", "task", "log", id as string)).json().data;
		if (Array.isArray(whole)) {
			const limited = (await succeed(place, "task", "log", id as string, "--limit", "2")).data;
			expect(limited.map(({ commit }: HistoryEntry) => commit)).toEqual(whole.slice(0, 2).map(({ commit }) => commit));
		}
	});
});
