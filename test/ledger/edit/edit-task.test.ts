// Edits change the bytes of the keys that they name and no others; what is not valid afterwards is never written.
import { describe, expect, test } from "vitest";
import { editTask, ensureCommitted, replaceText } from "../../../src/ledger/edit/edit-task.ts";
import { readTask } from "../../../src/ledger/task/store.ts";
import { ledgerOf } from "../../support/ledger.ts";
import { type Repo, repo } from "../../support/repo.ts";

const ID = "tsk_0000000001";
const OTHER = "tsk_0000000002";
const FILE = `tasks/${ID}.md`;
const TEXT = "---\n# why\ntitle:  'Old'   # keep\n\nx-mine: 010\n\npriority: 3\n---\n\nBody   stays.\n";

async function withTask(text = TEXT): Promise<Repo> {
	const made = await repo({ ledger: true });
	made.write(FILE, text);
	made.commitAll("a task");
	return made;
}

const subjects = (made: Repo, count: number) => made.git("log", `-${count}`, "--format=%s").split("\n");

describe("an edit", () => {
	test("changes the bytes of its key only", async () => {
		const made = await withTask();
		const commit = await editTask(ledgerOf(made), ID, { keys: { title: "New" } });
		expect(commit).toBe(made.git("rev-parse", "HEAD"));
		const rest = (text: string) => text.split("\n").filter((row) => !row.startsWith("title:"));
		expect(rest(made.read(FILE))).toEqual(rest(TEXT));
		expect(readTask(made.path, ID).definition.title).toBe("New");
		expect(subjects(made, 1)).toEqual([`task(${ID}): change title`]);
	});

	test("removes a key, adds another, and replaces the prompt", async () => {
		const made = await withTask();
		await editTask(ledgerOf(made), ID, { keys: { priority: undefined, labels: ["a", "b"] }, prompt: "New body." });
		const { definition } = readTask(made.path, ID);
		expect(definition).toMatchObject({ priority: 5, labels: ["a", "b"], prompt: "New body.\n" });
		expect(made.read(FILE)).toContain("x-mine: 010");
		expect(subjects(made, 1)).toEqual([`task(${ID}): change priority, labels, prompt`]);
	});

	test("of the prompt alone leaves the front matter's bytes", async () => {
		for (const text of [TEXT, TEXT.replaceAll("\n", "\r\n"), "# Only a body\n", "---\ntitle: x\n---\n"]) {
			const made = await withTask(text);
			await editTask(ledgerOf(made), ID, { keys: {}, prompt: "New body." });
			const front = text.slice(0, text.lastIndexOf("---") + 3);
			if (text.includes("---")) expect(made.read(FILE).startsWith(front)).toBe(true);
			expect(readTask(made.path, ID).definition.prompt.trim()).toBe("New body.");
			expect(made.read(FILE).includes("\r\n")).toBe(text.includes("\r\n"));
		}
	});

	test("gives a lone Markdown file its record, once", async () => {
		const made = await withTask();
		await editTask(ledgerOf(made), ID, { keys: { title: "New" } });
		const record = made.read(`tasks/${ID}.json`);
		expect(JSON.parse(record)).toMatchObject({ id: ID, status: "open" });
		await editTask(ledgerOf(made), ID, { keys: { title: "Newer" } });
		expect(made.read(`tasks/${ID}.json`)).toBe(record);
	});

	test("that changes nothing makes no commit", async () => {
		const made = await withTask();
		await editTask(ledgerOf(made), ID, { keys: { title: "New" } });
		expect(await editTask(ledgerOf(made), ID, { keys: { title: "New" } })).toBeNull();
	});

	test.each([
		["a value that is not valid", { priority: 11 }, "task_invalid_spec"],
		["a circle", { dependsOn: [OTHER] }, "dependency_cycle"],
		["a parent that is no task", { dependsOn: ["tsk_0000000009"] }, "task_not_found"],
		["a title of two lines", { title: "a\nb" }, "task_invalid_spec"],
	])("to %s writes nothing", async (_, keys, code) => {
		const made = await withTask();
		made.write(`tasks/${OTHER}.md`, `---\ntitle: y\ndependsOn: [${ID}]\n---\n`);
		made.commitAll("another");
		const head = made.git("rev-parse", "HEAD");
		await expect(editTask(ledgerOf(made), ID, { keys })).rejects.toMatchObject({ code });
		expect(made.git("rev-parse", "HEAD")).toBe(head);
		expect(made.git("status", "--porcelain")).toBe("");
		expect(made.read(FILE)).toBe(TEXT);
	});

	test("of a file that is not UTF-8 is refused, and its bytes stay", async () => {
		const made = await withTask();
		const bytes = Buffer.from("---\ntitle: caf\u00e9\n---\n", "latin1");
		made.write(FILE, bytes);
		await expect(editTask(ledgerOf(made), ID, { keys: { priority: 1 } })).rejects.toMatchObject({
			code: "ledger_damaged",
		});
		expect(Buffer.from(made.gitBytes("hash-object", FILE)).toString().trim()).toHaveLength(40);
		made.write("../same", bytes);
		expect(made.git("hash-object", FILE)).toBe(made.git("hash-object", "../same"));
	});

	test("of a task whose Markdown file is gone says how to find it", async () => {
		const made = await withTask();
		await editTask(ledgerOf(made), ID, { keys: { title: "New" } });
		made.git("rm", "--quiet", FILE);
		made.git("commit", "--quiet", "-m", "gone");
		await expect(editTask(ledgerOf(made), ID, { keys: { title: "x" } })).rejects.toMatchObject({
			code: "ledger_damaged",
			hint: expect.stringContaining("git log"),
		});
	});
});

describe("a text from an editor", () => {
	test("takes the place of the one it was made from", async () => {
		const made = await withTask();
		await replaceText(ledgerOf(made), ID, TEXT, "---\ntitle: Whole\n---\nnew\n");
		expect(made.read(FILE)).toBe("---\ntitle: Whole\n---\nnew\n");
	});

	test("does not overwrite what somebody else wrote meanwhile", async () => {
		const made = await withTask();
		made.write(FILE, TEXT.replace("Old", "Theirs"));
		await expect(replaceText(ledgerOf(made), ID, TEXT, "mine\n")).rejects.toMatchObject({ code: "branch_moved" });
		expect(made.read(FILE)).toContain("Theirs");
	});

	test("that is not valid is not written", async () => {
		const made = await withTask();
		await expect(replaceText(ledgerOf(made), ID, TEXT, "---\ntitle: [\n---\n")).rejects.toMatchObject({
			code: "task_invalid_spec",
			message: expect.stringContaining(`${FILE}, line 3`),
		});
		expect(made.read(FILE)).toBe(TEXT);
	});
});

describe("before a run", () => {
	test("a hand edit is committed on its own, and a lone file gets its record", async () => {
		const made = await withTask();
		made.write(FILE, TEXT.replace("Old", "By hand"));
		await ensureCommitted(ledgerOf(made), ID);
		expect(subjects(made, 2)).toEqual([`task(${ID}): adopt "By hand"`, `task(${ID}): edited by hand`]);
		expect(made.git("status", "--porcelain")).toBe("");
		expect(made.exists(`tasks/${ID}.json`)).toBe(true);
	});

	test("a task that is committed whole is left alone", async () => {
		const made = await withTask();
		await ensureCommitted(ledgerOf(made), ID);
		const head = made.git("rev-parse", "HEAD");
		await ensureCommitted(ledgerOf(made), ID);
		expect(made.git("rev-parse", "HEAD")).toBe(head);
	});

	test("a file that git has not seen is adopted in one commit with its record", async () => {
		const made = await repo({ ledger: true });
		made.write(FILE, TEXT);
		await ensureCommitted(ledgerOf(made), ID);
		expect(subjects(made, 2)[0]).toBe(`task(${ID}): adopt "Old"`);
		expect(made.git("show", "--format=", "--name-only", "HEAD")).toBe(`tasks/${ID}.json\n${FILE}`);
	});
});
