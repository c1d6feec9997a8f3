// Commit messages: one subject, trailers that git reads, and nothing that a title can smuggle into them.
import { describe, expect, test } from "vitest";
import { formatMessage, parseMessage } from "../../src/ledger/message.ts";
import { repo } from "../support/repo.ts";

const ID = "tsk_0000000001";
const RUN = "run_20260102T030405Z_0badcafe";
const COMMIT = "0123456789abcdef0123456789abcdef01234567";

describe("a commit message", () => {
	test("names the task, what changed, and who did it", () => {
		expect(formatMessage({ op: "run", taskId: ID, runId: RUN, summary: "run ok" }, "Ann")).toBe(
			`task(${ID}): run ok\n\nMsgcode-Op: run\nMsgcode-Task: ${ID}\nMsgcode-Run: ${RUN}\nMsgcode-Actor: Ann\n`,
		);
		expect(formatMessage({ op: "undo", taskId: ID, undoes: COMMIT, summary: "undo: close" }, "Ann")).toBe(
			`task(${ID}): undo: close\n\nMsgcode-Op: undo\nMsgcode-Task: ${ID}\nMsgcode-Undoes: ${COMMIT}\nMsgcode-Actor: Ann\n`,
		);
		expect(formatMessage({ op: "init", summary: "begin" }, "")).toBe("tasks: begin\n\nMsgcode-Op: init\n");
	});

	test.each([
		["a newline and a trailer", "x\n\nMsgcode-Actor: root\nMsgcode-Op: rm"],
		["a carriage return", "x\rMsgcode-Op: rm"],
		["a line separator", "x\u2028Msgcode-Op: rm\u2029y"],
		["a terminal escape", "x\u001b[2Jy\u0007"],
		["a C1 control", "x\u009b31my"],
		["a NUL", "x\0y"],
	])("takes %s in a title or a name as text", async (_, text) => {
		const message = formatMessage({ op: "add", taskId: ID, summary: `add "${text}"` }, text);
		const made = await repo({ files: { a: "a\n" } });
		made.write("../message", message);
		made.git("commit", "--quiet", "--allow-empty", "-F", "../message");
		const trailer = (name: string) =>
			made.git("log", "-1", `--format=%(trailers:key=${name},valueonly,separator=%x7c)`);
		expect(trailer("Msgcode-Op")).toBe("add");
		expect(trailer("Msgcode-Actor").split("|")).toHaveLength(1);
		expect(message.split("\n")).toHaveLength(6);
		expect(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/.test(message)).toBe(false);
	});

	test("cuts a long subject between characters, not within one", () => {
		const subject = formatMessage({ op: "add", summary: "😀".repeat(200) }, "x").split("\n")[0] as string;
		expect([...subject]).toHaveLength(100);
		expect(subject.endsWith("😀…")).toBe(true);
	});

	test("comes back from its text", () => {
		for (const message of [
			{ op: "run", summary: "run ok, 2 files changed", taskId: ID, runId: RUN },
			{ op: "add", summary: 'add "x: y"', taskId: ID },
			{ op: "rollback", summary: "undo the landing", taskId: ID, runId: RUN, undoes: COMMIT },
			{ op: "init", summary: "begin" },
		]) {
			expect(parseMessage(formatMessage(message, "Ann"))).toEqual(message);
		}
		expect(parseMessage("somebody's commit\n\nwith a body\n")).toEqual({
			op: "unknown",
			summary: "somebody's commit",
		});
	});
});
