// Names are read again whenever one may have come or gone, and only then.
import {
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
import { beforeEach, expect, test } from "vitest";
import { readIndex } from "../../../src/ledger/listing/index-file.ts";
import { lookAtFolder } from "../../../src/ledger/listing/quiet-folder.ts";
import { readSummaries } from "../../../src/ledger/listing/task-index.ts";
import { openWorkspace, type Workspace } from "../../../src/ledger/workspace.ts";
import { ledgerOf } from "../../support/ledger.ts";
import { type Repo, repo } from "../../support/repo.ts";

const ID = "tsk_0000000001";
const TOO_YOUNG_MS = 50;

let made: Repo;
let workspace: Workspace;

const look = () => lookAtFolder(workspace, TOO_YOUNG_MS);
const indexFile = () => join(workspace.tasksDir, "index.json");

function isQuiet(): boolean {
	const seen = look();
	const index = existsSync(indexFile()) ? readIndex(readFileSync(indexFile())) : null;
	return index !== null && seen.isQuiet(index);
}
const ids = async () => (await readSummaries(ledgerOf(made))).map(({ id }) => id);

beforeEach(async () => {
	made = await repo({ ledger: true });
	workspace = openWorkspace(made.path);
	made.write(`tasks/${ID}.md`, "---\ntitle: One\n---\n");
	made.commitAll("one");
	await expect.poll(async () => [await ids(), isQuiet()], { interval: 20 }).toEqual([[ID], true]);
});

test.each<[string, (folder: string) => void]>([
	["a file was added", (folder) => writeFileSync(join(folder, "tsk_0000000002.md"), "x")],
	["a file was removed", (folder) => rmSync(join(folder, `${ID}.md`))],
	["a file got another name", (folder) => renameSync(join(folder, `${ID}.md`), join(folder, "tsk_0000000003.md"))],
	["a link was added", (folder) => symlinkSync("nowhere", join(folder, "tsk_0000000004.json"))],
	[
		"the index was written again",
		(folder) => {
			const index = join(folder, "index.json");
			renameSync(index, `${index}.old`);
			writeFileSync(index, "{}");
			rmSync(`${index}.old`);
		},
	],
	["the index has gone", (folder) => rmSync(join(folder, "index.json"))],
])("not quiet: %s, whatever times it was given", async (_, change) => {
	const { tasksDir } = workspace;
	const before = statSync(tasksDir);
	change(tasksDir);
	utimesSync(tasksDir, before.atime, before.mtime);
	expect(isQuiet()).toBe(false);
	const without = await readSummaries(ledgerOf(made, { useIndex: false }));
	expect(await ids()).toEqual(without.map(({ id }) => id));
});

test("a folder that changed a moment ago is not noted: a next change might have the same time", async () => {
	made.write("tasks/notes.md", "x");
	look().note();
	expect(isQuiet()).toBe(false);
	await expect
		.poll(
			() => {
				look().note();
				return isQuiet();
			},
			{ interval: 20 },
		)
		.toBe(true);
});

test("a change of a file's content alone leaves the folder quiet, and the file is read", async () => {
	writeFileSync(join(workspace.tasksDir, `${ID}.md`), "---\ntitle: Two\n---\n");
	expect(isQuiet()).toBe(true);
	expect((await readSummaries(ledgerOf(made)))[0]?.title).toBe("Two");
});

test("a note that was cut off is no note, and the index with it is one", () => {
	const text = readFileSync(indexFile(), "latin1");
	const noted = /"folder":"(.{32})"/.exec(text)?.[1] ?? "";
	writeFileSync(indexFile(), text.replace(noted, noted.slice(0, 20).padEnd(32, "A")));
	expect(isQuiet()).toBe(false);
	expect(readIndex(readFileSync(indexFile()))?.size).toBe(1);
});

test("no note is written through a link", () => {
	const text = readFileSync(indexFile(), "latin1");
	const elsewhere = join(made.home, "elsewhere.json");
	writeFileSync(elsewhere, text);
	rmSync(indexFile());
	symlinkSync(elsewhere, indexFile());
	look().note();
	expect(readFileSync(elsewhere, "latin1")).toBe(text);
});
