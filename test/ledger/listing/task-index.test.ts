// The index is only ever a faster way to the same answer: whatever happens to the files, the list with it equals the list
// without it.
import {
	chmodSync,
	existsSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { readSummaries, refreshIndex } from "../../../src/ledger/listing/task-index.ts";
import { ledgerOf } from "../../support/ledger.ts";
import { type Repo, repo } from "../../support/repo.ts";

const ID = "tsk_0000000001";
const LONE = "tsk_0000000009";

let made: Repo;
let indexFile: string;

beforeEach(async () => {
	made = await repo({ ledger: true });
	indexFile = join(made.path, "tasks", "index.json");
	for (const [position, title] of ["First", "Second"].entries()) {
		const id = `tsk_000000000${position + 1}`;
		made.write(`tasks/${id}.md`, `---\ntitle: ${title}\n---\nBody of ${title}.\n`);
	}
	made.commitAll("tasks");
	await settled();
});

/** Waits until no task file counts as too young to be remembered, then writes the index. */
async function settled(): Promise<void> {
	await sleep(60);
	await readSummaries(ledgerOf(made));
}

const withIndex = () => readSummaries(ledgerOf(made));
const withoutIndex = () => readSummaries(ledgerOf(made, { useIndex: false }));

async function expectEqual(): Promise<readonly { id: string; title: string; createdAtMs: number }[]> {
	const indexed = await withIndex();
	expect(indexed).toEqual(await withoutIndex());
	return indexed;
}

const titles = async () => (await expectEqual()).map(({ title }) => title);

describe("with and without the index, the list is the same after", () => {
	test("nothing", async () => {
		expect(await titles()).toEqual(["First", "Second"]);
		expect(await titles()).toEqual(["First", "Second"]);
	});

	test("a hand edit, also one of the same size and with the old time put back", async () => {
		const file = join(made.path, "tasks", `${ID}.md`);
		const { atime, mtime } = statSync(file);
		writeFileSync(file, readFileSync(file, "utf8").replace("First", "Fïrs"));
		utimesSync(file, atime, mtime);
		expect(await titles()).toEqual(["Fïrs", "Second"]);
	});

	test("a file that another one replaced", async () => {
		const file = join(made.path, "tasks", `${ID}.md`);
		const { atime, mtime } = statSync(file);
		writeFileSync(`${file}.new`, readFileSync(file, "utf8").replace("First", "Other"));
		utimesSync(`${file}.new`, atime, mtime);
		renameSync(`${file}.new`, file);
		expect(await titles()).toEqual(["Other", "Second"]);
	});

	test("a removed file, a new file and a switch of branches", async () => {
		rmSync(join(made.path, "tasks", `${ID}.md`));
		expect(await titles()).toEqual(["Second"]);
		made.git("checkout", "--quiet", "--", "tasks");
		made.git("switch", "--quiet", "-c", "other");
		made.write(`tasks/${ID}.md`, "---\ntitle: On the other branch\n---\n");
		made.commitAll("other");
		await settled();
		expect(await titles()).toEqual(["On the other branch", "Second"]);
		made.git("switch", "--quiet", "main");
		expect(await titles()).toEqual(["First", "Second"]);
	});

	test("a status change, a run folder, its receipt, summary and landing", async () => {
		expect((await made.msgcode("task", "block", ID, "--reason", "waiting")).exitCode).toBe(0);
		await expectEqual();
		const folder = `tasks/runs/${ID}/run_20260102T030405Z_0badcafe`;
		for (const [name, content] of [
			["patch.diff", "x"],
			["run_receipt.json", "{}"],
			["summary.md", "What it did.\n"],
			["landing.json", '{"runId":"r","parent":"p","patchSha256":"s","atMs":1}'],
		] as const) {
			await settled();
			made.write(`${folder}/${name}`, content);
			await expectEqual();
		}
		const [first] = (await withIndex()).filter(({ id }) => id === ID);
		expect(first).toMatchObject({ runs: 1, notes: { lastSummary: "What it did.\n" }, landings: [{ atMs: 1 }] });
	});

	test("the first commit of a lone Markdown file, whose time of creation is that commit's", async () => {
		const file = `tasks/${LONE}.md`;
		made.write(file, "---\ntitle: Proposed\n---\n");
		const old = new Date(Date.now() - 86_400_000);
		utimesSync(join(made.path, file), old, old);
		await settled();
		const created = async () => (await expectEqual()).find(({ id }) => id === LONE)?.createdAtMs;
		expect(await created()).toBe(Math.floor(statSync(join(made.path, file)).mtimeMs));
		made.commitAll("proposed");
		expect(await created()).toBe(Number(made.git("log", "-1", "--format=%ct")) * 1000);
		made.git("pack-refs", "--all");
		await expectEqual();
		made.git("reset", "--quiet", "--soft", "HEAD~1");
		expect(await created()).toBe(Math.floor(statSync(join(made.path, file)).mtimeMs));
		made.git("switch", "--quiet", "--detach");
		await expectEqual();
	});

	test("a task became broken, and was mended", async () => {
		made.write(`tasks/${ID}.md`, "---\ntitle: [\n---\n");
		const broken = (await expectEqual()) as readonly { broken?: boolean }[];
		expect(broken[0]).toMatchObject({ broken: true });
		await settled();
		await expectEqual();
		made.write(`tasks/${ID}.md`, "---\ntitle: Mended\n---\n");
		expect(await titles()).toEqual(["Mended", "Second"]);
	});
});

describe("the index file", () => {
	test("is there after a change and holds every task without its prompt", async () => {
		await made.msgcode("task", "add", "Third", "--prompt", "A secret-looking prompt");
		const index = JSON.parse(readFileSync(indexFile, "utf8"));
		expect(index).toMatchObject({ schemaVersion: 1, kind: "task.index" });
		expect(index.tasks).toHaveLength(3);
		expect(readFileSync(indexFile, "utf8")).not.toContain("secret-looking");
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test("is not trusted for a file that changed a moment ago", async () => {
		made.write(`tasks/${ID}.md`, "---\ntitle: Young\n---\n");
		await withIndex();
		const { tasks, freshness } = JSON.parse(readFileSync(indexFile, "utf8"));
		expect(tasks[0]).toMatchObject({ title: "Young" });
		expect(Buffer.from(freshness, "base64").readDoubleLE(0)).toBeNaN();
	});

	test("is used where it is fresh", async () => {
		const index = readFileSync(indexFile, "utf8");
		writeFileSync(indexFile, index.replace('"title": "First"', '"title": "Index"'));
		expect((await withIndex())[0]?.title).toBe("Index");
		expect((await withoutIndex())[0]?.title).toBe("First");
	});

	test.each([
		["gone", () => rmSync(indexFile)],
		["torn", () => writeFileSync(indexFile, readFileSync(indexFile, "utf8").slice(0, 100))],
		["something else", () => writeFileSync(indexFile, '{"schemaVersion":9,"kind":"task.index","tasks":[]}')],
	])("that is %s is made again", async (_, spoil) => {
		spoil();
		expect(await titles()).toEqual(["First", "Second"]);
		expect(JSON.parse(readFileSync(indexFile, "utf8")).tasks).toHaveLength(2);
	});

	test("that is a link leads no write out of the workspace", async () => {
		rmSync(indexFile);
		const outside = join(made.home, "outside.json");
		writeFileSync(outside, "outside\n");
		symlinkSync(outside, indexFile);
		expect(await titles()).toEqual(["First", "Second"]);
		expect(readFileSync(outside, "utf8")).toBe("outside\n");
	});

	test("that cannot be written fails no command", async () => {
		rmSync(indexFile);
		made.write("tasks/index.json/in-the-way", "x\n");
		await refreshIndex(ledgerOf(made));
		expect((await withIndex()).map(({ title }) => title)).toEqual(["First", "Second"]);
		expect(existsSync(join(indexFile, "in-the-way"))).toBe(true);
		chmodSync(indexFile, 0o755);
	});
});
