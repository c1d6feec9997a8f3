// The tmux driver with a real tmux, on a socket of its own.
import { describe, expect, test } from "vitest";
import { tmuxDriver } from "../../../../src/runners/drivers/tmux/tmux.ts";
import { groupNameOf } from "../../../../src/runners/drivers/tmux/tmux-text.ts";
import type { RunnerEvent } from "../../../../src/runners/runner.ts";
import { temporaryFolder } from "../../../support/repo.ts";
import { REQUEST } from "../../../support/runner-request.ts";
import { hasTmux, type TmuxServer, tmuxServer } from "../../../support/tmux.ts";

const TARGET = "any;-;you@example.com";
const GROUP = groupNameOf(TARGET);
const PASTE = (text: string) => `\u001b[200~${text}\u001b[201~\r`;

interface Sending {
	readonly waitForReplyMs?: number;
	readonly route?: { channel: string; target: string } | null;
	readonly env?: Readonly<Record<string, string>>;
}

async function send(server: Pick<TmuxServer, "env">, prompt: string, sending: Sending = {}) {
	const { waitForReplyMs, route = { channel: "tmux", target: TARGET }, env = server.env } = sending;
	const events: RunnerEvent[] = [];
	const result = await tmuxDriver({
		request: {
			...REQUEST,
			type: "request",
			protocol: 1,
			kind: "tmux",
			workspacePath: temporaryFolder(),
			payload: { prompt },
			constraints: { timeoutMs: 15_000, waitForReplyMs },
			context: { ...REQUEST.context, route },
		},
		env,
		announce: () => {},
		emit: (event) => void events.push(event),
		reply: () => new Promise(() => {}),
		stop: new AbortController().signal,
	});
	return { ...result, events };
}

describe.skipIf(!hasTmux)("text into a live session", () => {
	test("arrives exactly and is sent with Enter, whatever it holds", async () => {
		const server = tmuxServer();
		const pane = await server.pane(GROUP);
		const texts = [
			"-t leading dash",
			"a\n\tb 'c' \"d\" \\e $(touch x) `y` $HOME %s #{pane_id} ; !! ~\n\n",
			"你好，世界 🦜 e\u0301 \u00a0|",
			Array.from({ length: 1024 }, (_, line) => `${line} ${"x".repeat(64 - String(line).length - 2)}`).join("\n"),
		];
		let expected = "";
		for (const text of texts) {
			const { status, errorCode, details } = await send(server, `${text}\n`);
			expect({ status, errorCode, details }).toEqual({ status: "ok", details: { groupName: GROUP, delivered: true } });
			expected += PASTE(text);
			expect(await pane.typedUntil(PASTE(text))).toBe(expected);
		}
		expect(server.tmux("list-buffers")).toBe("");
	});

	test("reaches a program that knows no bracketed paste, and one whose pane is being scrolled", async () => {
		const server = tmuxServer();
		const pane = await server.pane(GROUP, "plain");
		server.tmux("copy-mode", "-t", `=${GROUP}:`);
		expect(await send(server, "one\ntwo\n")).toMatchObject({ status: "ok" });
		expect(await pane.typedUntil("\r")).toBe("one\ntwo\r");
	});

	test("leaves what the user copied as it was", async () => {
		const server = tmuxServer();
		await server.pane(GROUP);
		server.tmux("set-buffer", "copied by hand");
		await send(server, "hi\n");
		expect(server.tmux("show-buffer")).toBe("copied by hand");
		expect(server.tmux("list-buffers").split("\n")).toHaveLength(1);
	});

	test("that could press keys is refused, and nothing of it is typed", async () => {
		const server = tmuxServer();
		const pane = await server.pane(GROUP);
		const { status, errorCode, details } = await send(server, "hello\n\u001b[201~\rrm -rf .\r");
		expect({ status, errorCode, details }).toEqual({
			status: "error",
			errorCode: "RUNNER_FAILED",
			details: { reason: "control character", character: "U+001B", line: 2 },
		});
		await send(server, "after\n");
		expect(await pane.typedUntil("\r")).toBe(PASTE("after"));
	});
});

describe("without a session", () => {
	test.skipIf(!hasTmux)(
		"TMUX_SESSION_DEAD: no server, no session, one whose name only begins so, an ended program",
		async () => {
			const server = tmuxServer();
			const dead = (missing: string) => ({
				status: "error",
				errorCode: "TMUX_SESSION_DEAD",
				details: { groupName: GROUP, missing },
			});
			expect(await send(server, "hi")).toMatchObject(dead("server"));
			const other = await server.pane(`${GROUP}1`);
			expect(await send(server, "hi")).toMatchObject(dead("session"));
			expect(other.typed()).toBe("");
			server.tmux("set-option", "-g", "remain-on-exit", "on");
			server.tmux("new-session", "-d", "-s", GROUP, "true");
			await expect.poll(() => server.tmux("display-message", "-p", "-t", `=${GROUP}:`, "#{pane_dead}")).toBe("1");
			expect(await send(server, "hi")).toMatchObject(dead("program"));
		},
	);

	test("TMUX_SESSION_DEAD: no tmux at all", async () => {
		const server = { env: { PATH: temporaryFolder() } };
		expect(await send(server, "hi")).toMatchObject({
			errorCode: "TMUX_SESSION_DEAD",
			details: { groupName: GROUP, missing: "tmux" },
		});
	});

	test.skipIf(!hasTmux)("a pane that takes no input is no success", async () => {
		const server = tmuxServer();
		await server.pane(GROUP);
		server.tmux("select-pane", "-d", "-t", `=${GROUP}:`);
		expect(await send(server, "hi")).toMatchObject({ status: "error", errorCode: "RUNNER_FAILED" });
	});

	test.each([
		["no route", "hi", { route: null }, "ROUTE_NOT_FOUND", {}],
		[
			"a route of another channel",
			"hi",
			{ route: { channel: "log", target: "x" } },
			"ROUTE_NOT_FOUND",
			{ channel: "log" },
		],
		["no text", "\n \n", {}, "PAYLOAD_EMPTY", {}],
	] as const)("%s", async (_, prompt, sending, errorCode, details) => {
		const result = await send({ env: { PATH: "" } }, prompt, sending);
		expect(result).toMatchObject({ status: "error", errorCode, details });
	});
});

describe.skipIf(!hasTmux)("waiting for an answer", () => {
	test("gives what the pane says after the text, once it is quiet", async () => {
		const server = tmuxServer();
		await server.pane(GROUP, "answer");
		const { status, preview, events, details } = await send(server, "hello\n", { waitForReplyMs: 3_000 });
		const text = "I heard you.\nThat is all, 完.";
		expect({ status, preview, details }).toEqual({
			status: "ok",
			preview: text,
			details: { groupName: GROUP, delivered: true, reply: true },
		});
		expect(events).toEqual([
			{ type: "message.delta", data: { text } },
			{ type: "message.stop", data: {} },
		]);
	});

	test("without one the run is incomplete, and says that the text was delivered", async () => {
		const server = tmuxServer();
		await server.pane(GROUP);
		expect(await send(server, "hello\n", { waitForReplyMs: 1_000 })).toMatchObject({
			status: "error",
			errorCode: "RUNNER_INCOMPLETE",
			details: { groupName: GROUP, delivered: true, reply: false, waitedMs: 1_000 },
		});
	});

	test("a session that ends meanwhile is dead", async () => {
		const server = tmuxServer();
		await server.pane(GROUP, "leave");
		expect(await send(server, "hello\n", { waitForReplyMs: 10_000 })).toMatchObject({
			status: "error",
			errorCode: "TMUX_SESSION_DEAD",
			details: { groupName: GROUP, delivered: true },
		});
	});
});
