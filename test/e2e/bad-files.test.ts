// Every kind of bad file lying in a ledger at once: each is named with its file and line, nothing in it is executed, none
// of it is rewritten, and the tasks beside it work as if it were not there.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { diagnosticTable } from "../../src/ledger/diagnostic.ts";
import { type Repo, repo } from "../support/repo.ts";
import { snapshotOf } from "../support/snapshot.ts";

const fixtures = new URL("../../fixtures/ledgers/bad/", import.meta.url).pathname;
const expectedOf: Readonly<Record<string, readonly (readonly [keyof typeof diagnosticTable, number])[]>> = JSON.parse(
	readFileSync(`${fixtures}expected.json`, "utf8"),
);

const GOOD = "tsk_g00d000001";
const DUPLICATE = "tsk_dvp1000001";

/** Files that a fixture cannot hold, with the diagnostic that each gets. */
const MADE: Readonly<
	Record<string, { readonly put: (made: Repo) => void; readonly code: string; readonly line: number }>
> = {
	tsk_b0dyxx0001: {
		put: (made) =>
			made.write("tasks/tsk_b0dyxx0001.md", `---\ntitle: Large\n---\n\n${"x".repeat(2 * 1024 * 1024 - 30)}`),
		code: "limit_exceeded",
		line: 4,
	},
	tsk_hvgexx0001: {
		put: (made) => made.write("tasks/tsk_hvgexx0001.md", "x".repeat(5 * 1024 * 1024)),
		code: "file_unreadable",
		line: 1,
	},
	tsk_symmd00001: {
		put: (made) => made.write("tasks/tsk_symmd00001.md", { link: "/etc/passwd" }),
		code: "file_unreadable",
		line: 1,
	},
	tsk_symjsn0001: {
		put: (made) => {
			made.write("tasks/tsk_symjsn0001.md", "---\ntitle: Record is a link\n---\n");
			made.write("tasks/tsk_symjsn0001.json", { link: "../../outside.json" });
		},
		code: "file_unreadable",
		line: 1,
	},
	tsk_f01der0001: {
		put: (made) => mkdirSync(join(made.path, "tasks", "tsk_f01der0001.md"), { recursive: true }),
		code: "file_unreadable",
		line: 1,
	},
	tsk_p1pexx0001: {
		put: (made) => void execFileSync("mkfifo", [join(made.path, "tasks", "tsk_p1pexx0001.md")]),
		code: "file_unreadable",
		line: 1,
	},
	tsk_0n1yjsn001: {
		put: (made) =>
			made.write("tasks/tsk_0n1yjsn001.json", made.read(`tasks/${GOOD}.json`).replaceAll(GOOD, "tsk_0n1yjsn001")),
		code: "definition_missing",
		line: 1,
	},
	[DUPLICATE]: {
		put: (made) => made.write(`tasks/${DUPLICATE}.md`, `---\nid: ${GOOD}\ntitle: Says it is another\n---\n`),
		code: "id_mismatch",
		line: 2,
	},
};

const RUN = "run_20260102T030405Z_0badcafe";
const OTHER_RUN = "run_20260102T030405Z_1badcafe";
const line = (runId: string) =>
	JSON.stringify({ ts: "2026-01-02T03:04:05Z", runId, taskId: GOOD, status: "ok", durationMs: 1000 });

let made: Repo;
let proof: string;

beforeEach(async () => {
	made = await repo({ ledger: true, files: { "code.txt": "code\n" }, env: {} });
	proof = join(made.home, "proof");
	made.write(`tasks/${GOOD}.md`, "---\ntitle: Good\nrunner:\n  kind: shell\n  args: ['true']\n---\nDo it.\n");
	made.commitAll("a good task");
	await made.msgcode("task", "edit", GOOD, "--title", "Still good");
	for (const name of readdirSync(fixtures)) {
		if (name.startsWith("tsk_")) made.write(`tasks/${name}`, readFileSync(fixtures + name));
	}
	made.write("../outside.json", made.read(`tasks/${GOOD}.json`));
	for (const { put } of Object.values(MADE)) put(made);
	// A record without its Markdown file is a fault of its own; these fixtures are about the record.
	for (const name of readdirSync(fixtures).filter((file) => /^tsk_.*\.json$/.test(file))) {
		made.write(`tasks/${name.replace(/json$/, "md")}`, "---\ntitle: Its record is bad\n---\n");
	}
	made.write(
		"tasks/runs.jsonl",
		`${line(RUN)}\n${line(OTHER_RUN)}\n${line(RUN)}\nnot a line\n{"runId":"${RUN}","taskId":"${GOOD}"}\n{"runId":"run_2026`,
	);
	made.write(`tasks/runs/${GOOD}/${RUN}/run_receipt.json`, "{ torn");
	made.write(`tasks/runs/${GOOD}/${RUN}/landing.json`, "[]");
	made.write(`tasks/runs/${GOOD}/${OTHER_RUN}/run_receipt.json`, `{"runId":"${OTHER_RUN}","taskId":"${GOOD}"}`);
	made.git("add", "--all", "--", ":!tasks/tsk_p1pexx0001.md");
	made.git("commit", "--quiet", "-m", "everything that is bad");
});

/** Runs the real program, where a fixture's code would leave a proof if it were executed. */
const msgcode = (...argv: string[]) => made.msgcodeProcessWith({ env: { MSGCODE_PROOF: proof } }, ...argv);

const isDerived = (path: string) => /^(tasks\/index\.json|worktrees|\.git\/(?!refs\/heads|HEAD|index$))/.test(path);

/** The errors that a task must show: its file, code and line. */
function faults(): { id: string; file: string; code: string; line: number }[] {
	const fixed = Object.entries(expectedOf).flatMap(([name, found]) =>
		found
			.filter(([code]) => diagnosticTable[code].severity === "error")
			.map(([code, at]) => ({ id: name.replace(/\.\w+$/, ""), file: `tasks/${name}`, code, line: at })),
	);
	const own = Object.entries(MADE).map(([id, { code, line: at }]) => {
		const file = id === "tsk_symjsn0001" ? `tasks/${id}.json` : `tasks/${id}.md`;
		return { id, file, code, line: at };
	});
	return [...fixed, ...own];
}

const placeOf = ({ file, line: at, code }: { file: string; line: number; code: string }) => `${file}:${at} ${code}`;
const placesOf = (warnings: Parameters<typeof placeOf>[0][]) => warnings.map(placeOf);

describe("a ledger full of bad files", () => {
	test("is listed whole, with every fault at its file and line, with and without the index", async () => {
		for (const flags of [[], ["--no-index"], []]) {
			const before = snapshotOf(made.path, isDerived);
			const result = await msgcode("task", "list", "--all", "--json", ...flags);
			const { data, warnings } = result.json();
			expect(placesOf(warnings)).toEqual(expect.arrayContaining(faults().map(placeOf)));
			for (const warning of warnings) expect(warning.hint, JSON.stringify(warning)).toEqual(expect.any(String));
			const listed = new Map(data.map((task: { id: string }) => [task.id, task]));
			expect(listed.get(GOOD)).toMatchObject({ title: "Still good", broken: false });
			for (const { id } of faults()) expect(listed.get(id), id).toMatchObject({ broken: true });
			expect(snapshotOf(made.path, isDerived)).toEqual(before);
		}
		expect(made.exists("../proof")).toBe(false);
	});

	test("is shown task by task, each with its faults and exit code 7", async () => {
		const before = snapshotOf(made.path, isDerived);
		for (const id of new Set(faults().map((fault) => fault.id))) {
			const result = await made.msgcode("task", "show", id, "--json");
			expect(result.exitCode, id).toBe(7);
			const { data, warnings } = result.json();
			expect(data).toMatchObject({ id, broken: true });
			const own = faults().filter((fault) => fault.id === id);
			expect(placesOf(warnings)).toEqual(expect.arrayContaining(own.map(placeOf)));
			expect((await made.msgcode("task", "show", id)).stdout).not.toContain("root:");
		}
		expect(snapshotOf(made.path, isDerived)).toEqual(before);
	});

	test("offers no broken task to be run, and refuses to run, edit or approve-and-run one, whatever the flags", async () => {
		const ready = (await made.msgcode("task", "ready", "--json")).json().data.map((task: { id: string }) => task.id);
		for (const { id } of faults()) expect(ready).not.toContain(id);
		const before = snapshotOf(made.path, isDerived);
		for (const id of new Set(faults().map((fault) => fault.id))) {
			const ran = await made.msgcode("--json", "--yes", "task", "run", id, "--", "touch", proof);
			expect([2, 7], `run ${id}: ${ran.stdout}`).toContain(ran.exitCode);
			const isRecord = faults().some((fault) => fault.id === id && fault.file.endsWith(".json"));
			if (!isRecord) {
				const edited = await made.msgcode("--json", "task", "edit", id, "--title", "Mended?");
				// A key of the front matter that is not valid can be mended by an edit; anything else stays as it is.
				if (edited.exitCode === 0) throw new Error(`edit ${id} went through: ${edited.stdout}`);
				expect(edited.json().error.code, id).toMatch(
					/task_invalid_spec|ledger_damaged|limit_exceeded|path_outside|ledger_path_taken/,
				);
			}
		}
		expect(snapshotOf(made.path, isDerived)).toEqual(before);
		expect(made.exists("../proof")).toBe(false);
	});

	test("stops none of the commands that only look", async () => {
		const before = snapshotOf(made.path, isDerived);
		for (const argv of [
			["task", "list"],
			["task", "ready"],
			["run", "list"],
			["prime"],
			["task", "runs", GOOD],
			["run", "list", "--json"],
			["task", "worktree", "list"],
		]) {
			const result = await msgcode(...argv);
			expect([0, 7], `${argv.join(" ")}\n${result.stderr}`).toContain(result.exitCode);
			expect(result.stderr).not.toContain("A bug in msgcode");
		}
		for (const argv of [
			["run", "show", RUN],
			["run", "show", OTHER_RUN],
			["task", "diff", GOOD],
			["run", "logs", RUN],
		]) {
			const result = await msgcode(...argv);
			expect([0, 3, 4, 7], `${argv.join(" ")}\n${result.stderr}`).toContain(result.exitCode);
		}
		const doctor = await msgcode("doctor", "--json");
		expect(doctor.exitCode).toBe(7);
		const found = JSON.stringify(doctor.json());
		for (const { file } of faults()) expect(found).toContain(file);
		expect(found).toContain("tasks/runs.jsonl");
		expect(snapshotOf(made.path, isDerived)).toEqual(before);
		expect(made.exists("../proof")).toBe(false);
	});

	test("lets the good task go its whole way, and keeps every bad byte", async () => {
		const bad = new Set(readdirSync(join(made.path, "tasks")).map((name) => `tasks/${name}`));
		const isBad = (path: string) => /^tasks\/tsk_/.test(path) && bad.has(path) && !path.includes(GOOD);
		const bytes = () => snapshotOf(made.path, (path) => !(path === "tasks" || isBad(path)));
		const before = bytes();
		const torn = made.read("tasks/runs.jsonl");
		const steps: readonly (readonly string[])[] = [
			["task", "edit", GOOD, "--priority", "9"],
			["task", "approve", GOOD, "--yes"],
			["task", "run", GOOD],
			["task", "add", "Another"],
			["task", "log", GOOD],
			["task", "close", GOOD, "--reason", "done"],
		];
		for (const argv of steps) {
			const result = await msgcode(...argv);
			expect(result.exitCode, `${argv.join(" ")}\n${result.stderr}`).toBe(0);
		}
		expect(bytes()).toEqual(before);
		// The torn last line is still there, on a line of its own; the new run's line came after it.
		const lines = made.read("tasks/runs.jsonl").split("\n");
		expect(made.read("tasks/runs.jsonl").startsWith(`${torn}\n`)).toBe(true);
		expect(JSON.parse(lines.at(-2) as string)).toMatchObject({ taskId: GOOD, status: "ok" });
		expect(made.exists("../proof")).toBe(false);
	});

	test("a closing of a task whose definition is bad keeps the definition's bytes", async () => {
		const names = Object.keys(expectedOf).filter((name) => name.endsWith(".md"));
		for (const name of ["tsk_ymjs000001.md", "tsk_ymc0ffee01.md", "tsk_ymb0m00001.md", "tsk_ymcrxf0001.md"]) {
			expect(names).toContain(name);
			const bytes = readFileSync(join(made.path, "tasks", name));
			const result = await made.msgcode("task", "close", name.replace(".md", ""), "--reason", "x");
			expect([0, 2, 7], `${name}\n${result.stderr}`).toContain(result.exitCode);
			expect(readFileSync(join(made.path, "tasks", name)).equals(bytes), name).toBe(true);
			expect(made.gitBytes("cat-file", "blob", `HEAD:tasks/${name}`).equals(readFileSync(fixtures + name)), name).toBe(
				true,
			);
		}
		expect(made.exists("../proof")).toBe(false);
	});
});

describe("a settings file that is bad", () => {
	test.each([
		["broken TOML", "[runner\n"],
		["a wrong type", '[run]\ntimeout = "soon"\n'],
		["an argv that is none", '[runners.x]\nargv = "rm -rf /"\n'],
	])("(%s) is named with its key, and nothing runs", async (_, text) => {
		const place = await repo({ ledger: true });
		writeFileSync(join(place.path, "msgcode.toml"), text);
		const result = await place.msgcode("task", "list", "--json");
		expect(result.exitCode).toBe(2);
		expect(result.json().error).toMatchObject({
			code: "settings_invalid",
			message: expect.stringContaining("msgcode.toml"),
		});
	});
});
