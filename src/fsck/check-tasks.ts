// The tasks' files by themselves: readable, of the right shape, named as they should be, each task in one place.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { archiveHomes } from "../ledger/archive/archive-places.ts";
import { misnamedTaskFile } from "../ledger/health.ts";
import { LIVE } from "../ledger/paths.ts";
import { recordContradiction } from "../ledger/task/record-contradiction.ts";
import type { StoredTask } from "../ledger/task/store.ts";
import { type Finding, finding, fromHistory, ofDiagnostic } from "./finding.ts";
import type { Look } from "./look.ts";

export function checkTasks({ ledger, snapshot }: Look): Finding[] {
	const { root } = ledger.workspace;
	return [
		...[...snapshot.tasks.values()].flatMap((task) => [...brokenFiles(task), ...contradictions(task)]),
		...[LIVE, ...archiveHomes(root)].flatMap((home) => misnamed(root, home)),
	];
}

function brokenFiles(task: StoredTask): Finding[] {
	return task.diagnostics.flatMap((diagnostic) => {
		if (diagnostic.code === "record_version" && isNewer(task.recordText)) {
			const { file, line, message, hint } = diagnostic;
			return [finding("format_newer", { file, line, taskId: task.id, message, hint })];
		}
		return ofDiagnostic(diagnostic, { taskId: task.id }) ?? [];
	});
}

function isNewer(recordText: string | null): boolean {
	const version = /"schemaVersion"\s*:\s*(\d+)/.exec(recordText ?? "")?.[1];
	return version !== undefined && Number(version) > 1;
}

function contradictions({ id, files, record }: StoredTask): Finding[] {
	if (record === null) return [];
	const wrong = recordContradiction(record);
	if (wrong === null) return [];
	const file = files.record;
	return [finding("status_contradicted", { file, taskId: id, message: `${id} ${wrong}.`, hint: fromHistory(file) })];
}

function misnamed(root: string, home: string): Finding[] {
	const names = namesIn(join(root, home));
	return names.flatMap((name) => {
		const wrong = misnamedTaskFile(name, names);
		return wrong === null ? [] : [finding("file_name_case", { file: `${home}/${name}`, ...wrong })];
	});
}

function namesIn(folder: string): string[] {
	try {
		return readdirSync(folder).sort();
	} catch {
		return [];
	}
}
