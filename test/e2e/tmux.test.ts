// A task for a chat, from its creation to what is recorded of it: with a live tmux session and without one.
import { describe, expect, test } from "vitest";
import { groupNameOf } from "../../src/runners/drivers/tmux/tmux-text.ts";
import { type Repo, repo } from "../support/repo.ts";
import { hasTmux, tmuxServer } from "../support/tmux.ts";

const CHAT = "any;-;you@example.com";
const GROUP = groupNameOf(CHAT);
const BODY = "Guten Tag 你好 🦜\n\t$(touch x) \"a\" 'b' \\n\n\nEnd";

async function chatTask(at: Repo, ...flags: string[]): Promise<string> {
	const added = await at.msgcode("task", "add", "--chat-guid", CHAT, "--title", "Tell them", "--json", ...flags);
	expect(added.exitCode, added.stdout).toBe(0);
	return added.json().data.id;
}

function lastLine(at: Repo) {
	return JSON.parse(at.read("tasks/runs.jsonl").trimEnd().split("\n").at(-1) as string);
}

test("without a session the run is TMUX_SESSION_DEAD wherever it is told of", async () => {
	const server = hasTmux ? tmuxServer() : { env: {} };
	const at = await repo({ ledger: true, env: server.env });
	const id = await chatTask(at, "--runner", "tmux", "--prompt", BODY);
	const ran = await at.msgcode("task", "run", id, "--json");
	const dead = {
		status: "error",
		errorCode: "TMUX_SESSION_DEAD",
		errorMessage: "There is no tmux session for the route; start it first.",
		details: { groupName: GROUP },
	};
	expect(ran.exitCode).toBe(1);
	expect(ran.json().data).toMatchObject({ ...dead, mode: "in-place", patch: null });
	const { runId } = ran.json().data;
	expect(JSON.parse(at.read(`tasks/runs/${id}/${runId}/run_receipt.json`))).toMatchObject(dead);
	expect(lastLine(at)).toMatchObject({ ...dead, runId });
	const shown = (await at.msgcode("task", "show", id, "--json")).json().data;
	expect(shown.lastRun).toMatchObject({ ...dead, runId, durationMs: expect.any(Number) });
	expect((await at.msgcode("task", "show", id)).stdout).toContain(
		`TMUX_SESSION_DEAD: ${dead.errorMessage} (groupName: ${GROUP}`,
	);
	expect((await at.msgcode("task", "list", "--json")).json().data[0].lastRun).toMatchObject(dead);
	expect((await at.msgcode("task", "show", id, "--at", "HEAD", "--json")).json().data.lastRun).toMatchObject(dead);
	expect(at.exists("worktrees")).toBe(false);
});

describe.skipIf(!hasTmux)("with a live session", () => {
	test("the run is ok without an error code, and the session got the task's text and nothing else", async () => {
		const server = tmuxServer();
		const pane = await server.pane(GROUP);
		const at = await repo({ ledger: true, env: server.env });
		const id = await chatTask(at, "--prompt", BODY);
		const ran = await at.msgcode("task", "run", id, "--json");
		const ok = { status: "ok", errorCode: null, errorMessage: null };
		expect(ran.json().data).toMatchObject(ok);
		expect(ran.exitCode).toBe(0);
		expect(await pane.typedUntil("\r")).toBe(`\u001b[200~${BODY}\u001b[201~\r`);
		expect(lastLine(at)).toMatchObject(ok);
		const shown = (await at.msgcode("task", "show", id, "--json")).json().data;
		expect(shown).toMatchObject({ runner: { kind: "tmux" }, route: { chatGuid: CHAT }, lastRun: ok });
	});

	test("an answer that is waited for is what the run said", async () => {
		const server = tmuxServer();
		await server.pane(GROUP, "answer");
		const at = await repo({ ledger: true, env: server.env });
		at.write("note.md", `---\ntitle: Ask\nchatGuid: ${CHAT}\nrunner: {kind: tmux, waitForReply: 4s}\n---\nWell?\n`);
		const { id } = (await at.msgcode("task", "add", "--from", "note.md", "--json")).json().data;
		const ran = await at.msgcode("task", "run", id, "--json");
		expect(ran.json().data).toMatchObject({ status: "ok" });
		expect(at.read(`tasks/runs/${id}/${ran.json().data.runId}/summary.md`)).toContain("I heard you.\nThat is all, 完.");
	});
});

test("a chat makes the runner tmux only where nothing else is said of a runner", async () => {
	const at = await repo({ ledger: true });
	const runnerOf = async (...argv: string[]) => {
		const added = await at.msgcode("task", "add", "A", "--dry-run", "--json", ...argv);
		return /^runner:(.*(?:\n[ ].*)*)/m.exec(added.json().data.content)?.[1];
	};
	expect(await runnerOf("--chat-guid", CHAT)).toMatch(/kind: tmux/);
	expect(await runnerOf("--chat-guid", CHAT, "--runner", "shell", "--script", "true")).toMatch(/kind: shell/);
	expect(await runnerOf("--chat-guid", CHAT, "--", "true")).toMatch(/kind: shell/);
	expect(await runnerOf("--route", `tmux:${CHAT}`)).not.toMatch(/kind/);
	const { id } = (await at.msgcode("task", "add", "B", "--json", "--", "true")).json().data;
	await at.msgcode("task", "edit", id, "--chat-guid", CHAT);
	const shown = (await at.msgcode("task", "show", id, "--json")).json().data;
	expect(shown).toMatchObject({ runner: { kind: "shell" }, route: { channel: "tmux", target: CHAT } });
	const both = await at.msgcode("task", "add", "C", "--json", "--chat-guid", CHAT, "--route", "log:x");
	expect(both.json().error.code).toBe("usage");
});
