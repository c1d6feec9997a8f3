// Every kind of damage that `msgcode fsck` knows is planted into a sound ledger: it finds that kind, no other, and exits
// with 7. A code of the table without a plant here fails the last test.
import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type FindingCode, findingTable, mendable } from "../../src/fsck/finding.ts";
import {
	amend,
	editJson,
	editLine,
	type FsckScene,
	fsckOf,
	fsckScene,
	loseObject,
	replacePatch,
} from "../support/fsck-scene.ts";
import { repo } from "../support/repo.ts";
import { addTask, succeed } from "../support/two-clones.ts";

type Plant = (scene: FsckScene) => void | Promise<void>;

const remove = ({ place }: FsckScene, path: string) => rmSync(join(place.path, path), { recursive: true });
const removeTask = (scene: FsckScene, task: string) => {
	for (const file of [md(task), json(task)]) remove(scene, file);
};
const md = (task: string) => `tasks/${task}.md`;
const json = (task: string) => `tasks/${task}.json`;

/** The blocked task's text, with something in place of its title line. */
function retitle(scene: FsckScene, by: string | Uint8Array): void {
	const { place, blocked } = scene;
	const [head = "", tail = ""] = place.read(md(blocked)).split("title: Blocked\n");
	place.write(md(blocked), Buffer.concat([Buffer.from(head), Buffer.from(by), Buffer.from(tail)]));
}

function changeRecord({ place, blocked }: FsckScene, change: (record: ReturnType<JSON["parse"]>) => void): void {
	editJson(place, json(blocked), change);
}

const MARKERS = "<<<<<<< ours\nA\n=======\nB\n>>>>>>> theirs\n";

/** Commits the blocked task as of another status, in the words of a command. */
function commitStatus(scene: FsckScene, status: string, from: string, trailers: string): void {
	const { place, blocked } = scene;
	const set = (one: string) => {
		changeRecord(scene, (record) => {
			delete record.blocked;
			Object.assign(record, { status: one, closed: one === "open" ? null : { atMs: 1, reason: null, evidence: null } });
		});
	};
	const message = (op: string) => `task(${blocked}): x\n\nMsgcode-Op: ${op}\nMsgcode-Task: ${blocked}\n${trailers}`;
	if (from !== "blocked") {
		set(from);
		place.commitAll(`task(${blocked}): x\n\nMsgcode-Op: close\nMsgcode-Actor: Test Person\n`);
	}
	set(status);
	place.commitAll(message("close"));
}

function archiveCopy({ place, done }: FsckScene, year: string): void {
	for (const file of [md(done), json(done)])
		place.write(file.replace("tasks/", `tasks/archive/${year}/`), place.read(file));
}

const plants: readonly (readonly [FindingCode, string, Plant])[] = [
	["file_encoding", "bytes that are not UTF-8", (scene) => retitle(scene, Buffer.from("title: \xff\xfe\n", "latin1"))],
	["nul_byte", "a NUL byte", (scene) => retitle(scene, "title: a\0b\n")],
	[
		"limit_exceeded",
		"a body of 1.5 MiB",
		({ place, blocked }) => appendFileSync(join(place.path, md(blocked)), "a".repeat(1.5e6)),
	],
	[
		"file_unreadable",
		"a link in place of a task file",
		({ place, blocked, done }) => {
			unlinkSync(join(place.path, md(blocked)));
			symlinkSync(`${done}.md`, join(place.path, md(blocked)));
		},
	],
	["conflict_markers", "in a task's text", (scene) => retitle(scene, MARKERS)],
	["conflict_markers", "in a record", ({ place, blocked }) => place.write(json(blocked), `{\n${MARKERS}}\n`)],
	[
		"conflict_markers",
		"in runs.jsonl",
		({ place }) => appendFileSync(join(place.path, "tasks/runs.jsonl"), MARKERS.replace("A\n", "").replace("B\n", "")),
	],
	["front_matter_unclosed", "no closing line", ({ place, blocked }) => place.write(md(blocked), "---\ntitle: x\n")],
	["front_matter_fence", "more behind the closing line", (scene) => retitle(scene, "title: x\n--- x\n")],
	[
		"front_matter_language",
		"another language",
		({ place, blocked }) => place.write(md(blocked), "---js\ntitle: 1\n---\n"),
	],
	["front_matter_invalid", "no map", (scene) => retitle(scene, "title: [\n")],
	["front_matter_refused", "an alias", (scene) => retitle(scene, "title: &a x\nnote: *a\n")],
	["value_invalid", "a word where a map is asked for", (scene) => retitle(scene, "title: x\nretry: soon\n")],
	["id_mismatch", "in the front matter", (scene) => retitle(scene, `title: x\nid: ${scene.done}\n`)],
	[
		"id_mismatch",
		"in the record",
		(scene) => changeRecord(scene, (record) => Object.assign(record, { id: scene.done })),
	],
	["record_invalid", "no JSON", ({ place, blocked }) => place.write(json(blocked), "{")],
	[
		"record_invalid",
		"of another shape",
		(scene) => changeRecord(scene, (record) => Object.assign(record, { createdAtMs: "x" })),
	],
	[
		"record_version",
		"a version that never was",
		(scene) => changeRecord(scene, (record) => Object.assign(record, { schemaVersion: 0 })),
	],
	[
		"status_unknown",
		"a status that is none",
		(scene) => changeRecord(scene, (record) => Object.assign(record, { status: "finished" })),
	],
	["definition_missing", "a record alone", (scene) => remove(scene, md(scene.blocked))],
	[
		"status_contradicted",
		"done and not closed",
		({ place, done }) => editJson(place, json(done), (record) => Object.assign(record, { closed: null })),
	],
	[
		"status_contradicted",
		"open and closed",
		({ place, done }) => editJson(place, json(done), (record) => Object.assign(record, { status: "open" })),
	],
	[
		"status_contradicted",
		"blocked without a reason",
		(scene) => changeRecord(scene, (record) => Object.assign(record, { blocked: null })),
	],
	[
		"status_contradicted",
		"open with a reason to be blocked",
		(scene) => changeRecord(scene, (record) => Object.assign(record, { status: "open" })),
	],
	[
		"file_name_case",
		"capital letters in a name",
		({ place }) => place.write("tasks/tsk_ABCDEFGH01.md", "# Proposed\n"),
	],
	["two_homes", "live and archived", (scene) => archiveCopy(scene, "2026")],
	[
		"two_homes",
		"in two years of the archive",
		(scene) => {
			for (const year of ["2025", "2026"]) archiveCopy(scene, year);
			for (const file of [md(scene.done), json(scene.done)]) remove(scene, file);
		},
	],
	[
		"dependency_missing",
		"a parent that is not here",
		({ place, blocked }) => {
			place.write(md(blocked), place.read(md(blocked)).replace("dependsOn: []", "dependsOn: [tsk_n0where000]"));
		},
	],
	[
		"dependency_cycle",
		"two that wait for each other",
		({ place, landed, dependent }) => {
			place.write(md(landed.task), place.read(md(landed.task)).replace("dependsOn: []", `dependsOn: [${dependent}]`));
		},
	],
	[
		"identity_changed",
		"another time of creation",
		(scene) => changeRecord(scene, (record) => Object.assign(record, { createdAtMs: 5 })),
	],
	[
		"identity_changed",
		"another workspace, committed",
		(scene) => {
			changeRecord(scene, (record) => Object.assign(record.workspace, { uid: "wsp_other" }));
			scene.place.commitAll("by hand");
		},
	],
	[
		"run_line_invalid",
		"a line that is no record",
		({ place }) => place.write("tasks/runs.jsonl", `{"a": 1}\n${place.read("tasks/runs.jsonl")}`),
	],
	[
		"torn_line",
		"in the middle",
		({ place }) => {
			const [first = "", ...rest] = place.read("tasks/runs.jsonl").split("\n");
			place.write("tasks/runs.jsonl", [first.slice(0, 150), ...rest].join("\n"));
		},
	],
	[
		"torn_line",
		"at the end",
		({ place }) => place.write("tasks/runs.jsonl", place.read("tasks/runs.jsonl").slice(0, -200)),
	],
	[
		"lines_contradict",
		"two durations",
		({ place, last }) => {
			const line =
				place
					.read("tasks/runs.jsonl")
					.split("\n")
					.find((one) => one.includes(last.run)) ?? "";
			appendFileSync(
				join(place.path, "tasks/runs.jsonl"),
				`${JSON.stringify({ ...JSON.parse(line), durationMs: 1 })}\n`,
			);
		},
	],
	[
		"line_missing",
		"a run that was committed without its line",
		({ place, last }) => {
			editLine(place, last.run, () => null);
			amend(place);
		},
	],
	["line_lost", "taken out, not committed", ({ place, last }) => editLine(place, last.run, () => null)],
	[
		"line_lost",
		"taken out by a commit",
		({ place, landed }) => {
			editLine(place, landed.run, () => null);
			place.commitAll("tidied up");
		},
	],
	[
		"line_lost",
		"of a run that never had a folder",
		({ place, last }) => {
			const line =
				place
					.read("tasks/runs.jsonl")
					.split("\n")
					.find((one) => one.includes(last.run)) ?? "";
			const other = last.run.replace(/........$/, "00000000");
			appendFileSync(join(place.path, "tasks/runs.jsonl"), `${line.replace(last.run, other)}\n`);
			place.commitAll("a line");
			editLine(place, other, () => null);
			place.commitAll("and no line");
		},
	],
	...(["taskId", "status", "errorCode", "ts", "baseCommit", "patchSha256"] as const).map(
		(key): [FindingCode, string, Plant] => [
			"line_disagrees",
			`about ${key}`,
			({ place, last, blocked }) => {
				const other = { taskId: blocked, status: "timeout", errorCode: "RUN_TIMEOUT", ts: "2026-01-01T00:00:00.000Z" };
				editLine(place, last.run, (line) =>
					Object.assign(line, { [key]: (other as Record<string, string>)[key] ?? "0".repeat(40) }),
				);
				amend(place);
			},
		],
	),
	["receipt_missing", "a line without one", (scene) => remove(scene, `${scene.last.folder}run_receipt.json`)],
	["receipt_missing", "a line without a folder", (scene) => remove(scene, scene.last.folder)],
	[
		"receipt_missing",
		"files of a run that nobody knows",
		({ place, last }) => {
			place.write(`tasks/runs/${last.task}/${last.run.replace(/........$/, "00000000")}/summary.md`, "# x\n");
		},
	],
	["receipt_invalid", "no JSON", ({ place, last }) => place.write(`${last.folder}run_receipt.json`, "{")],
	[
		"receipt_invalid",
		"of another run",
		({ place, last, landed }) => {
			place.write(`${last.folder}run_receipt.json`, place.read(`${landed.folder}run_receipt.json`));
		},
	],
	[
		"receipt_invalid",
		"of another task",
		({ place, last, done }) => {
			editJson(place, `${last.folder}run_receipt.json`, (receipt) => Object.assign(receipt, { taskId: done }));
		},
	],
	[
		"run_lost",
		"receipt and line taken out by a commit",
		(scene) => {
			editLine(scene.place, scene.unchanged.run, () => null);
			remove(scene, scene.unchanged.folder);
			scene.place.commitAll("tidied up");
		},
	],
	["record_lost", "a Markdown file alone", (scene) => remove(scene, json(scene.done))],
	[
		"record_lost",
		"taken out by a commit",
		(scene) => {
			remove(scene, json(scene.blocked));
			scene.place.commitAll("tidied up");
		},
	],
	["task_lost", "both files gone from the folder", (scene) => removeTask(scene, scene.blocked)],
	[
		"task_lost",
		"taken out by a commit",
		(scene) => {
			removeTask(scene, scene.blocked);
			scene.place.commitAll("tidied up");
		},
	],
	[
		"task_lost",
		"left behind by a merge, with local files of a run",
		async ({ place }) => {
			place.git("checkout", "-qb", "side");
			const id = await addTask(place, "Only there");
			place.git("checkout", "-q", "-");
			place.write("work.txt", "work\n");
			place.commitAll("work");
			place.git("merge", "-q", "-s", "ours", "-m", "ours", "side");
			place.write(`tasks/runs/${id}/run_20260101T000000Z_00000000/events.jsonl`, "{}\n");
		},
	],
	[
		"run_without_task",
		"its two files are gone",
		(scene) => {
			removeTask(scene, scene.last.task);
		},
	],
	["summary_missing", "no summary.md", (scene) => remove(scene, `${scene.last.folder}summary.md`)],
	["patch_missing", "no patch.diff", (scene) => remove(scene, `${scene.last.folder}patch.diff`)],
	[
		"patch_digest",
		"born with another content",
		({ place, last }) => {
			appendFileSync(join(place.path, `${last.folder}patch.diff`), "\n");
			amend(place);
		},
	],
	[
		"patch_changed",
		"by a later commit",
		({ place, last }) => {
			appendFileSync(join(place.path, `${last.folder}patch.diff`), "\n");
			place.commitAll("a new line");
		},
	],
	[
		"patch_changed",
		"and not committed",
		({ place, last }) => appendFileSync(join(place.path, `${last.folder}patch.diff`), "\n"),
	],
	[
		"receipt_changed",
		"by a later commit",
		({ place, last }) => {
			editJson(place, `${last.folder}run_receipt.json`, (receipt) =>
				Object.assign(receipt, { actor: "Somebody Else" }),
			);
			place.commitAll("another actor");
		},
	],
	[
		"receipt_changed",
		"by a command that may not",
		({ place, last }) => {
			editJson(place, `${last.folder}run_receipt.json`, (receipt) =>
				Object.assign(receipt, { actor: "Somebody Else" }),
			);
			place.commitAll(`task(${last.task}): x\n\nMsgcode-Op: edit\nMsgcode-Actor: Somebody Else\n`);
		},
	],
	[
		"receipt_changed",
		"and not committed",
		({ place, last }) => {
			editJson(place, `${last.folder}run_receipt.json`, (receipt) =>
				Object.assign(receipt, { actor: "Somebody Else" }),
			);
		},
	],
	[
		"receipt_changed",
		"that says it was released, and was never withheld",
		({ place, last }) => {
			editJson(place, `${last.folder}run_receipt.json`, (receipt) =>
				Object.assign(receipt, { secretsAllowed: { at: "x", actor: "y" } }),
			);
		},
	],
	[
		"patch_size",
		"another number of bytes",
		({ place, last }) => {
			editJson(place, `${last.folder}run_receipt.json`, (receipt) => Object.assign(receipt.patch, { bytes: 1 }));
			amend(place);
		},
	],
	...(["files", "insertions", "deletions"] as const).map((key): [FindingCode, string, Plant] => [
		"patch_numbers",
		`another number of ${key}`,
		({ place, last }) => {
			editJson(place, `${last.folder}run_receipt.json`, (receipt) => Object.assign(receipt.patch, { [key]: 77 }));
			amend(place);
		},
	]),
	[
		"patch_ledger_path",
		"a patch that changes a task",
		(scene) => {
			const { place, last, done } = scene;
			const added = `diff --git a/tasks/${done}.txt b/tasks/${done}.txt\n`;
			const text =
				"new file mode 100644\nindex 0000000000000000000000000000000000000000..587be6b4c3f93f93c489c0111bba5596147a26cb\n";
			const body = `--- /dev/null\n+++ b/tasks/runs.jsonl\n@@ -0,0 +1 @@\n+x\n`;
			const patch = `${place.read(`${last.folder}patch.diff`)}${added.replaceAll(`${done}.txt`, "runs.jsonl")}${text}${body}`;
			replacePatch(scene, patch, { files: 3, insertions: 2 });
			amend(place);
		},
	],
	[
		"patch_result",
		"a patch that makes something else",
		(scene) => {
			replacePatch(scene, scene.place.read(`${scene.last.folder}patch.diff`).replace("+five", "+nine"));
			amend(scene.place);
		},
	],
	[
		"patch_result",
		"a patch that does not apply",
		(scene) => {
			replacePatch(scene, scene.place.read(`${scene.last.folder}patch.diff`).replace("\n three", "\n thirty"));
			amend(scene.place);
		},
	],
	[
		"events_digest",
		"other events than the receipt's",
		({ place, last }) => appendFileSync(join(place.path, `${last.folder}events.jsonl`), "{}\n"),
	],
	[
		"ref_tree",
		"another tree",
		({ place, last }) => {
			const commit = place.git("commit-tree", "-p", `refs/msgcode/runs/${last.run}~1`, "-m", "x", "HEAD~1^{tree}");
			place.git("update-ref", `refs/msgcode/runs/${last.run}`, commit);
		},
	],
	[
		"ref_parent",
		"another base",
		({ place, last }) => {
			const ref = `refs/msgcode/runs/${last.run}`;
			place.git("update-ref", ref, place.git("commit-tree", "-p", `${ref}~2`, "-m", "x", `${ref}^{tree}`));
		},
	],
	[
		"ref_object_missing",
		"an id that stands for nothing",
		({ place, last }) => {
			writeFileSync(join(place.path, `.git/refs/msgcode/runs/${last.run}`), `${"1".repeat(40)}\n`);
		},
	],
	["landing_invalid", "no JSON", ({ place, landed }) => place.write(`${landed.folder}landing.json`, "{")],
	[
		"landing_invalid",
		"of another run",
		({ place, landed, last }) => {
			editJson(place, `${landed.folder}landing.json`, (landing) => Object.assign(landing, { runId: last.run }));
		},
	],
	[
		"landing_other_patch",
		"another sha-256",
		({ place, landed }) => {
			editJson(place, `${landed.folder}landing.json`, (landing) =>
				Object.assign(landing, { patchSha256: "0".repeat(64) }),
			);
		},
	],
	...(["unchanged", "withheld"] as const).map((which): [FindingCode, string, Plant] => [
		"landing_without_patch",
		`of the ${which} run`,
		(scene) => {
			const { place, landed } = scene;
			const landing = JSON.parse(place.read(`${landed.folder}landing.json`));
			const runId = scene[which].run;
			place.write(`${scene[which].folder}landing.json`, JSON.stringify({ ...landing, runId }));
		},
	]),
	[
		"landed_and_rejected",
		"rejected after the landing",
		({ place, landed }) => {
			place.write(
				`${landed.folder}rejection.json`,
				JSON.stringify({ runId: landed.run, reason: "x", atMs: Date.now() }),
			);
		},
	],
	["rejection_invalid", "no JSON", ({ place, rejected }) => place.write(`${rejected.folder}rejection.json`, "{")],
	[
		"rejection_invalid",
		"of another run",
		({ place, rejected, last }) => {
			editJson(place, `${rejected.folder}rejection.json`, (rejection) => Object.assign(rejection, { runId: last.run }));
		},
	],
	[
		"landing_code",
		"with more than the run's changes",
		async ({ place, last }) => {
			await succeed(place, "task", "apply", last.task, "--yes");
			place.write("stranger.txt", "not of this run\n");
			amend(place);
		},
	],
	[
		"landing_code",
		"with less than the run's changes",
		async ({ place, last }) => {
			await succeed(place, "task", "apply", last.task, "--yes");
			place.write("other.txt", "other\n");
			amend(place);
		},
	],
	[
		"landing_code",
		"with another content",
		async ({ place, last }) => {
			await succeed(place, "task", "apply", last.task, "--yes");
			place.write("src/code.txt", `${place.read("src/code.txt")}six\n`);
			amend(place);
		},
	],
	[
		"rotated_name",
		"a rotated run log under another name",
		({ place }) => {
			mkdirSync(join(place.path, "tasks/archive/2026"), { recursive: true });
			place.write(`tasks/archive/2026/runs-${"0".repeat(16)}.jsonl`, "");
		},
	],
	["object_missing", "the blob of a task's text", ({ place, blocked }) => loseObject(place, `HEAD:${md(blocked)}`)],
	[
		"transition_illegal",
		"done to canceled",
		(scene) => commitStatus(scene, "canceled", "done", "Msgcode-Actor: Test Person\n"),
	],
	["status_without_actor", "closed by nobody", (scene) => commitStatus(scene, "done", "blocked", "")],
];

describe("planted damage is found as what it is, and as nothing else", () => {
	test.each(plants)("%s: %s", async (code, _, plant) => {
		const scene = await fsckScene();
		await plant(scene);
		const { exitCode, verdict, codes, findings } = await fsckOf(scene.place);
		expect(codes, JSON.stringify(findings, null, 1)).toEqual([code]);
		expect({ exitCode, verdict }).toEqual({ exitCode: 7, verdict: "damaged" });
		for (const { message, hint } of findings) expect([message, hint].every((text) => text.length > 3)).toBe(true);
	});

	test("the ledger that they are planted in is sound", async () => {
		expect(await fsckOf((await fsckScene()).place)).toEqual({ exitCode: 0, verdict: "ok", codes: [], findings: [] });
	});

	test("every damaged code of the table has its plant", () => {
		const planted = new Set(plants.map(([code]) => code));
		const codes = Object.entries(findingTable).filter(([, { verdict }]) => verdict === "damaged");
		expect(codes.map(([code]) => code).filter((code) => !planted.has(code as FindingCode))).toEqual([]);
		expect(planted.size).toBeGreaterThanOrEqual(30);
	});
});

const fixtures = fileURLToPath(new URL("../../fixtures/ledgers/bad/", import.meta.url));

test("the bad files of the fixtures are found with their lines; their sound neighbours are not", async () => {
	const place = await repo({ ledger: true });
	const expected: Record<string, [string, number][]> = JSON.parse(readFileSync(`${fixtures}expected.json`, "utf8"));
	for (const name of Object.keys(expected)) place.write(`tasks/${name}`, readFileSync(fixtures + name));
	const { exitCode, findings } = await fsckOf(place);
	expect(exitCode).toBe(7);
	// What each file lacks beside it is another matter.
	const ofFiles = findings.filter(({ code }) => code !== "definition_missing" && code !== "dependency_missing");
	for (const [name, wanted] of Object.entries(expected)) {
		const grave = wanted.filter(([code]) => code in findingTable);
		const told = grave.map(([code, line]) => [code === "record_version" ? "format_newer" : code, line]);
		const found = ofFiles.filter(({ file }) => file === `tasks/${name}`).map(({ code, line }) => [code, line]);
		expect(found, name).toEqual(told);
	}
	expect(ofFiles.filter(({ file = "" }) => !(file.replace("tasks/", "") in expected))).toEqual([]);
});

test("a folder that is missing from HEAD's tree is found, though the history cannot be read then", async () => {
	const { place, last } = await fsckScene();
	loseObject(place, `HEAD:tasks/runs/${last.task}`);
	const { exitCode, codes } = await fsckOf(place);
	expect({ exitCode, codes }).toEqual({ exitCode: 7, codes: ["check_incomplete", "object_missing"] });
});

const MEND = "`msgcode doctor --fix` shows whether it can be mended.";

test("a person sees each check, each finding with its file and way out, and the verdict last", async () => {
	const { place, blocked } = await fsckScene();
	rmSync(join(place.path, `tasks/${blocked}.md`));
	const { stdout, exitCode } = await place.msgcode("fsck");
	const lines = stdout.trimEnd().split("\n");
	expect(exitCode).toBe(7);
	expect(lines[0]).toMatch(/^damaged +tasks +8 tasks$/);
	expect(lines.slice(1, 4)).toEqual([
		`    definition_missing  tasks/${blocked}.md:1`,
		"        The task's record is there, but its Markdown file is not.",
		`        hint: Bring it back from history: git log -- tasks/${blocked}.md; ${MEND}`,
	]);
	expect(lines).toContain("ok            landings      1 landing");
	expect(lines.at(-1)).toBe("damaged: 1 damaged (9 checks)");
	const narrow = await place.msgcodeWith({ terminal: 60 }, "--no-color", "fsck");
	const widths = narrow.stdout.split("\n").map((line) => line.length);
	expect(Math.max(...widths)).toBeLessThanOrEqual(60);
	const plain = await place.msgcode("fsck", "--plain");
	expect(plain.stdout.split("\n").slice(0, 2)).toEqual([
		"tasks\tdamaged\t8 tasks",
		[
			"tasks",
			"damaged",
			"definition_missing",
			`tasks/${blocked}.md:1`,
			"The task's record is there, but its Markdown file is not.",
			`Bring it back from history: git log -- tasks/${blocked}.md; ${MEND}`,
		].join("\t"),
	]);
});

/** Somebody has to decide: doctor --fix says so, and leaves them. */
const UNDECIDED: ReadonlySet<string> = new Set([
	"in a task's text",
	"in a record",
	"in the record",
	"in two years of the archive",
	"of a run that never had a folder",
]);

describe("what fsck says that doctor --fix may mend, it mends, unless somebody has to decide", () => {
	const mended = plants.filter(([code]) => mendable.has(code));
	test.each(mended)("%s: %s", async (code, name, plant) => {
		const scene = await fsckScene();
		await plant(scene);
		const { findings } = await fsckOf(scene.place);
		expect(findings.every(({ hint }) => hint.includes("msgcode doctor --fix"))).toBe(true);
		const fixed = await scene.place.msgcode("doctor", "--fix", "--yes", "--json");
		const after = await fsckOf(scene.place);
		const expected = UNDECIDED.has(name) ? [code] : [];
		expect(after.codes, `${fixed.stdout}${JSON.stringify(after.findings, null, 1)}`).toEqual(expected);
	});
});
