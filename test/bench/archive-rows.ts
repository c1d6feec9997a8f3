// What closed tasks cost once they are in the archive: next to nothing, however many they are.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { alternate, median } from "./measure.ts";
import { bare, type Row, ratioRow } from "./rows.ts";
import { type BenchWorkspace, definitionOf, objectBytes, recordOf, workspaceWith } from "./workspace.ts";

const LIVE = 500;
const ARCHIVED = 5_000;
const BESIDE = `${LIVE} live and ${ARCHIVED.toLocaleString("en")} archived tasks`;

export function archiveRows(): Row[] {
	const plain = workspaceWith(LIVE);
	const beside = workspaceWith(LIVE, ARCHIVED);
	return [...besideRows(plain, beside), growthRow(beside), inPassingRow()];
}

function besideRows(plain: BenchWorkspace, beside: BenchWorkspace): Row[] {
	for (const workspace of [plain, beside]) workspace.msgcode("task", "list");
	const archived = beside
		.git("ls-tree", "--name-only", "HEAD:tasks/archive/2025")
		.split("\n")[1]
		?.slice(0, 14) as string;
	const add = ["task", "add", "A task", "--prompt", "Do it."];
	const timed = alternate(15, {
		bare: bare(plain),
		add: () => void plain.msgcode(...add),
		addBeside: () => void beside.msgcode(...add),
		list: () => void plain.msgcode("task", "list", "--json"),
		listBeside: () => void beside.msgcode("task", "list", "--json"),
		show: () => void plain.msgcode("task", "show", plain.ids[7] as string),
		showArchived: () => void beside.msgcode("task", "show", archived),
		begin: () => void plain.msgcode("task", "show", (plain.ids[7] as string).slice(0, 11)),
		beginBeside: () => void beside.msgcode("task", "show", (plain.ids[7] as string).slice(0, 11)),
		listArchive: () => void beside.msgcode("task", "list", "--archived", "--json"),
	});
	const against = (what: string, name: keyof typeof timed, floor: keyof typeof timed, limit: number) =>
		ratioRow(what, median(timed[name]), median(timed[floor]), `with ${LIVE} live ones alone`, limit);
	return [
		against(`\`task add\`, ${BESIDE}`, "addBeside", "add", 1.25),
		against(`\`task list --json\`, ${BESIDE}`, "listBeside", "list", 1.15),
		against("`task show` of an archived one", "showArchived", "show", 1.25),
		against("`task show` by the beginning of an id", "beginBeside", "begin", 1.25),
		ratioRow(
			`\`task list --archived --json\`, ${ARCHIVED.toLocaleString("en")}`,
			median(timed.listArchive),
			median(timed.bare),
			"bare node",
			60,
		),
	];
}

function growthRow(workspace: BenchWorkspace): Row {
	const before = objectBytes(workspace);
	const commands = 20;
	for (let i = 0; i < commands; i += 1)
		workspace.msgcode("task", "edit", workspace.ids[i * 7] as string, "--assignee", "ann");
	const kilobytes = (objectBytes(workspace) - before) / commands / 1024;
	return {
		what: `repository growth per command, ${BESIDE}`,
		measured: `${kilobytes.toFixed(1)} KB of loose objects`,
		floor: "-",
		must: "≤ 40 KB",
		reached: kilobytes <= 40,
	};
}

/** A `task close` that takes fifty closed tasks along, beside one that takes none. */
function inPassingRow(): Row {
	const workspace = workspaceWith(LIVE + 200);
	const uid = /"uid": "([^"]+)"/.exec(workspace.git("show", "HEAD:tasks/ledger.json"))?.[1] ?? "";
	for (const [number, id] of workspace.ids.slice(0, 160).entries()) {
		writeFileSync(join(workspace.path, `tasks/${id}.md`), definitionOf(number));
		writeFileSync(join(workspace.path, `tasks/${id}.json`), recordOf(id, uid, number, true));
	}
	workspace.git("commit", "-qam", "closed long ago");
	workspace.msgcode("task", "list");
	const close = (at: number) => {
		const startedAt = performance.now();
		workspace.msgcode("task", "close", workspace.ids[at] as string);
		return performance.now() - startedAt;
	};
	const moving = close(300);
	const plain = median({ samples: [301, 302, 303, 304, 305].map(close) });
	return {
		what: `\`task close\` that archives 50 tasks in passing, ${LIVE + 200} live tasks`,
		measured: `${moving.toFixed(0)} ms`,
		floor: `the same that archives none ${plain.toFixed(0)} ms`,
		must: "stated",
		reached: true,
	};
}
