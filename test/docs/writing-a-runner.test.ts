// docs/writing-a-runner.md, followed: its files make a runner that carries out a task and asks a person; and the document
// names everything that a program may say.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { EVENT_TYPES } from "../../src/core/event.ts";
import { userCapabilitySchema } from "../../src/runners/capability-schema.ts";
import { eventIn, REPORTABLE_CODES, resultIn, sessionIn } from "../../src/runners/protocol.ts";
import { type Repo, repo } from "../support/repo.ts";
import { fencesOf, readDocument } from "./documents.ts";
import { shownFiles } from "./session.ts";

const PAGE = readDocument("docs/writing-a-runner.md");

async function withTheRunner(files: Readonly<Record<string, string>>): Promise<Repo> {
	const at = await repo({ files, ledger: true });
	const shown = shownFiles(PAGE, "writing");
	expect(shown.map(({ path }) => path)).toHaveLength(2);
	for (const { path, content } of shown) {
		mkdirSync(dirname(join(at.home, path)), { recursive: true });
		writeFileSync(join(at.home, path), content);
	}
	return at;
}

async function addTask(at: Repo, ...flags: string[]): Promise<string> {
	const argv = ["task", "add", "Count", "--runner", "wordcount", "--prompt", "Count them.", "--json", ...flags];
	return (await at.msgcode(...argv)).json().data.id;
}

describe("the runner of the page", () => {
	test("is found, carries out a task, and nothing of msgcode was changed for it", async () => {
		const at = await withTheRunner({ "a.md": "one two three\n", "b.md": "four\n" });
		const listed = (await at.msgcode("runner", "list", "--json")).json().data;
		expect(listed).toContainEqual(expect.objectContaining({ id: "wordcount" }));
		const id = await addTask(at, "--file", "a.md", "--file", "b.md");
		const { data } = (await at.msgcode("task", "run", id, "--worktree", "--json")).json();
		expect(data).toMatchObject({ status: "ok", errorCode: null, mode: "worktree" });
		expect(at.read(data.patch.path)).toContain("+3 a.md\n+1 b.md\n");
		const events = at.read(`tasks/runs/${id}/${data.runId}/events.jsonl`);
		expect(events).toContain('"type":"run.progress","data":{"done":2,"total":2}');
		expect(events).toContain("Counted 2 file(s).");
	});

	test("says what is missing by the codes of the page", async () => {
		const at = await withTheRunner({ "a.md": "one\n" });
		const nothing = (await at.msgcode("task", "run", await addTask(at), "--json")).json().data;
		expect(nothing).toMatchObject({ status: "error", errorCode: "PAYLOAD_EMPTY", noChanges: true });
		const missing = await addTask(at, "--file", "a.md", "--file", "gone.md");
		const ran = (await at.msgcode("task", "run", missing, "--json")).json().data;
		expect(ran).toMatchObject({ status: "error", errorCode: "RUNNER_FAILED", details: { missing: 2 } });
	});

	test.each([
		["yes", "+1 a.md\n"],
		["no", null],
	])("asks a person, and does as it is told: %s", async (answer, added) => {
		const at = await withTheRunner({ "a.md": "one\n", "WORDS.md": "old\n" });
		const id = await addTask(at, "--file", "a.md");
		const running = at.msgcode("task", "run", id, "--json");
		const questions = async () => (await at.msgcode("human", "list", "--json")).json().data as { questionId: string }[];
		await expect.poll(async () => (await questions()).length, { timeout: 20_000 }).toBe(1);
		const [question] = await questions();
		await at.msgcode("human", "reply", question?.questionId ?? "", "--answer", answer);
		const { data } = (await running).json();
		expect(data.status).toBe("ok");
		if (added === null) expect(data.noChanges).toBe(true);
		else expect(at.read(data.patch.path)).toContain(added);
	});
});

describe("the page", () => {
	const rows = (heading: string) => {
		const [, section = ""] = PAGE.split(`| ${heading} |`);
		return [...(section.split("\n\n")[0] ?? "").matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
	};

	test("names every code that a program may report, and no other", () => {
		expect(rows("errorCode").sort()).toEqual([...REPORTABLE_CODES].sort());
	});

	test("names every event that a program may send, and no other", () => {
		const sendable = EVENT_TYPES.filter((type) => eventIn({ type, data: {} }) !== null);
		expect(rows("type").sort()).toEqual([...sendable].sort());
	});

	test("shows each line of the protocol as msgcode reads it", () => {
		const shown = fencesOf(PAGE).filter(({ language, note }) => language === "json" && note === null);
		const [request, session, result, reply] = shown.map(({ text }) => JSON.parse(text));
		expect(request).toMatchObject({ type: "request", protocol: 1, context: { resume: null } });
		expect(sessionIn(session)).toEqual(session);
		expect(resultIn(result)).toEqual(result);
		expect(reply.type).toBe("human_loop.reply");
	});

	test("shows a record that is valid", () => {
		const [record] = shownFiles(PAGE, "writing");
		expect(() => userCapabilitySchema().parse(JSON.parse(record?.content ?? ""))).not.toThrow();
	});
});
