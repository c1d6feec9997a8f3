// Which paths are whose, in every home that a task can have.
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { archiveHomes, taskHome, taskHomes } from "../../src/ledger/archive/archive-places.ts";
import {
	archiveHome,
	definitionPath,
	isLedgerPath,
	recordPath,
	runFolder,
	taskIdOfPath,
	taskPath,
} from "../../src/ledger/paths.ts";
import { temporaryFolder } from "../support/repo.ts";

const ID = "tsk_0000000001";
const RUN = "run_20260101T000000Z_00000001";

describe("a path", () => {
	test("is made for the live home unless told, and for a year of the archive", () => {
		expect(definitionPath(ID)).toBe(`tasks/${ID}.md`);
		expect(recordPath(ID, archiveHome(2026))).toBe(`tasks/archive/2026/${ID}.json`);
		expect(runFolder(ID, RUN, archiveHome(987))).toBe(`tasks/archive/0987/runs/${ID}/${RUN}`);
	});

	test.each(["tasks", "tasks/archive/2026"])("in %s says whose it is", (home) => {
		expect(taskPath(`${home}/${ID}.md`)).toEqual({ taskId: ID, home, kind: "definition" });
		expect(taskPath(`${home}/${ID}.json`)).toEqual({ taskId: ID, home, kind: "record" });
		expect(taskPath(`${home}/runs/${ID}/${RUN}/patch.diff`)).toEqual({ taskId: ID, home, kind: "run" });
		expect(isLedgerPath(`${home}/runs/${ID}/${RUN}/patch.diff`)).toBe(true);
	});

	test.each([
		"tasks/ledger.json",
		"tasks/runs.jsonl",
		"tasks/archive/2026/runs-0123456789abcdef.jsonl",
		`tasks/archive/${ID}.md`,
		`tasks/archive/26/${ID}.md`,
		`tasks/${ID}.txt`,
		`tasks/sub/${ID}.md`,
		`tasks/runs/${ID}`,
		`tasks/runs/${ID}/notes/x`,
		`src/${ID}.md`,
		`${ID}.md`,
		"",
	])("%j is no task's", (path) => {
		expect(taskIdOfPath(path)).toBeNull();
	});
});

describe("a task's home", () => {
	test("is the live folder before any year, and the newest year before the others", () => {
		const root = temporaryFolder();
		for (const home of ["tasks/archive/2024", "tasks/archive/2026", "tasks/archive/notes"]) {
			mkdirSync(join(root, home), { recursive: true });
			writeFileSync(join(root, home, `${ID}.json`), "{}");
		}
		expect(archiveHomes(root)).toEqual(["tasks/archive/2026", "tasks/archive/2024"]);
		expect(taskHome(root, ID)).toBe("tasks/archive/2026");
		writeFileSync(join(root, "tasks", `${ID}.md`), "");
		expect(taskHome(root, ID)).toBe("tasks");
		expect(taskHomes(root, ID)).toEqual(["tasks", "tasks/archive/2026", "tasks/archive/2024"]);
		expect(taskHome(root, "tsk_0000000002")).toBeNull();
	});

	test("is never behind a link", () => {
		const root = temporaryFolder();
		const elsewhere = temporaryFolder();
		mkdirSync(join(root, "tasks", "archive"), { recursive: true });
		writeFileSync(join(elsewhere, `${ID}.md`), "");
		symlinkSync(elsewhere, join(root, "tasks", "archive", "2026"));
		expect(archiveHomes(root)).toEqual([]);
		expect(taskHome(root, ID)).toBeNull();
	});

	test("is none where nothing was ever archived", () => {
		expect(archiveHomes(temporaryFolder())).toEqual([]);
	});
});
