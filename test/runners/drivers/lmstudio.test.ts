// The lmstudio runner against a server on loopback: each rule of its outcome, and what it does with an answer.
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { emptyAnswer } from "../../../src/runners/drivers/lmstudio/chat-answer.ts";
import { lmstudio, probeLmstudio } from "../../../src/runners/drivers/lmstudio/lmstudio.ts";
import { judgeAnswer } from "../../../src/runners/drivers/lmstudio/verdict.ts";
import { type DriverOptions, drive } from "../../support/driver.ts";
import { chatStream, deadAddress, type LocalModelOptions, localModel, MADE_DIFF } from "../../support/local-model.ts";
import { temporaryFolder } from "../../support/repo.ts";

async function runWith(options: LocalModelOptions, more: DriverOptions = {}) {
	const server = await localModel(options);
	const ran = await drive("lmstudio", lmstudio, { ...more, env: { LMSTUDIO_BASE_URL: server.url, ...more.env } });
	return { ...ran, server };
}

const streamOf = (text: string, whole = true) => ({ stream: { bytes: Buffer.from(text), whole } });
const CHAT = "POST /v1/chat/completions";

describe("an answer", () => {
	test("is streamed, kept whole in the run's folder, and its last words are the preview", async () => {
		const text = `${"Zeile äöü 変更 🙂.\n".repeat(200)}The end.\n`;
		const { outcome, events, server, runDir, text: said, notes } = await runWith({ answer: () => text });
		expect(outcome).toMatchObject({
			status: "ok",
			errorCode: null,
			model: "qwen3-8b",
			usage: { inputTokens: 31, outputTokens: 12, costUsd: null },
			diffFile: null,
			artifacts: ["reply.md"],
		});
		expect(outcome.preview.endsWith("The end.")).toBe(true);
		expect(outcome.preview.length).toBeLessThanOrEqual(2_000);
		expect(readFileSync(join(runDir, "reply.md"), "utf8")).toBe(text);
		expect(said).toBe(text);
		const kinds = events.map(({ type }) => type);
		expect(kinds.filter((kind) => kind === "message.delta").length).toBeLessThan(20);
		expect(kinds.slice(-2)).toEqual(["message.stop", "run.usage"]);
		expect(server.chats).toMatchObject([{ model: "qwen3-8b", stream: true, stream_options: { include_usage: true } }]);
		expect(notes).toBe("");
	});

	test("however long, takes no line that msgcode would cut", async () => {
		const text = "x".repeat(600_000);
		const chunk = `data: ${JSON.stringify({ choices: [{ delta: { content: text }, finish_reason: "stop" }] })}\n\n`;
		const { outcome, longestLine, text: said } = await runWith(streamOf(chunk));
		expect([outcome.status, said.length]).toEqual(["ok", 600_000]);
		expect(longestLine).toBeLessThan(100_000);
	});

	test("in diff mode has to hold a diff, which is handed on", async () => {
		const { outcome, runDir, server } = await runWith({}, { payload: { mode: "diff" } });
		expect(outcome).toMatchObject({ status: "ok", diffFile: "reply.diff", artifacts: ["reply.md"] });
		expect(readFileSync(join(runDir, "reply.diff"), "utf8")).toBe(MADE_DIFF);
		expect(server.chats[0]?.messages[0]?.content).toContain("unified diff");
	});

	test("without a diff in it is none in diff mode, and is kept", async () => {
		const { outcome, runDir } = await runWith({ answer: () => "All is well." }, { payload: { mode: "diff" } });
		expect(outcome).toMatchObject({
			errorCode: "RUNNER_OUTPUT_INVALID",
			details: { reason: "no_diff" },
			diffFile: null,
		});
		expect(readdirSync(runDir)).toEqual(["reply.md"]);
	});

	test("hands no diff on where the task may only read", async () => {
		const more: DriverOptions = { payload: { mode: "diff" }, constraints: { permission: "read-only" } };
		expect((await runWith({}, more)).outcome).toMatchObject({ status: "ok", diffFile: null });
	});

	test("of a reasoning model: what it thinks is no part of it", async () => {
		const thought = 'data: {"choices":[{"delta":{"reasoning_content":"Hm."},"finish_reason":null}]}\n\n';
		const { outcome, events, text } = await runWith(streamOf(thought + chatStream("Yes.")));
		expect(outcome.preview).toBe("Yes.");
		expect(text).toBe("Yes.");
		expect(events.slice(0, 3)).toEqual([
			{ type: "message.delta", data: { text: "Hm.", thinking: true } },
			{ type: "message.stop", data: { thinking: true } },
			{ type: "message.delta", data: { text: "Yes." } },
		]);
	});
});

describe("the outcome", () => {
	const incomplete = (reason: string) => ({ status: "error", errorCode: "RUNNER_INCOMPLETE", details: { reason } });

	test.each([
		["the model's own limit", chatStream("Half", { finish: "length" }), true, incomplete("length")],
		["an end without its mark", chatStream("Half", { finish: null, done: false }), true, incomplete("stream_ended")],
		["an end mark without a reason", chatStream("Half", { finish: null }), true, incomplete("no_finish")],
		["a cut connection", chatStream("Half", { finish: null, done: false }), false, incomplete("network")],
		["a call of a tool", chatStream("", { finish: "tool_calls" }), true, incomplete("tool_calls")],
		["a filter", chatStream("", { finish: "content_filter" }), true, incomplete("content_filter")],
		["nothing at all", "", true, incomplete("stream_ended")],
		["garbage", "hello\n\ndata: hello\n\n", true, incomplete("stream_ended")],
		["a page of another server", "<html></html>", true, incomplete("stream_ended")],
		[
			"a reason to end without its mark",
			chatStream("Whole", { done: false }),
			true,
			{ status: "ok", preview: "Whole" },
		],
		[
			"an error in the stream",
			`${chatStream("Ha", { finish: null, done: false })}event: error\ndata: {"error":{"message":"Model crashed"}}\n\n`,
			true,
			{ errorCode: "RUNNER_FAILED", details: { reason: "service_error" }, preview: "Model crashed" },
		],
	])("after %s", async (_, text, whole, expected) => {
		expect((await runWith(streamOf(text, whole))).outcome).toMatchObject(expected);
	});

	test("of a part that was left out", () => {
		const answer = { ...emptyAnswer(), text: "Half", finish: "stop" };
		expect(judgeAnswer(answer, null, 0)).toMatchObject({ status: "ok" });
		expect(judgeAnswer(answer, null, 1)).toMatchObject(incomplete("too_long"));
		expect(judgeAnswer({ ...answer, dropped: 1 }, null, 0)).toMatchObject(incomplete("too_long"));
	});

	test.each([
		[401, "AUTH_MISSING", {}],
		[403, "AUTH_MISSING", {}],
		[404, "RUNNER_FAILED", { reason: "refused" }],
		[400, "RUNNER_FAILED", { reason: "refused" }],
		[302, "RUNNER_FAILED", { reason: "refused" }],
		[429, "COOLDOWN", { resetAtMs: null, estimated: true }],
		[500, "RUNNER_FAILED", {}],
		[503, "RUNNER_UNREACHABLE", {}],
	])("after a status of %i", async (status, errorCode, details) => {
		const routes = { [CHAT]: { status, body: { error: { message: "No." } }, headers: { location: "/v1/other" } } };
		const { outcome, server } = await runWith({ routes });
		const common = { kind: "http_status", status, path: "/v1/chat/completions" };
		expect(outcome).toMatchObject({ status: "error", errorCode, details: { ...common, ...details }, preview: "No." });
		expect(server.calls.filter((call) => call !== CHAT && call.startsWith("POST"))).toEqual([]);
	});

	test("after a limit with a time made for machines", async () => {
		const routes = { [CHAT]: { status: 429, headers: { "retry-after": "Fri, 01 Jan 2100 00:00:00 GMT" } } };
		const { outcome, events } = await runWith({ routes });
		expect(outcome.details).toMatchObject({ resetAtMs: 4_102_444_800_000, estimated: false });
		expect(events).toContainEqual({
			type: "run.limit",
			data: { resetAtMs: 4_102_444_800_000, estimated: false, text: null },
		});
	});

	test("where no model is there, or none of that name", async () => {
		const none = { errorCode: "RUNNER_FAILED", details: { reason: "no_model" } };
		expect((await runWith({ models: [] })).outcome).toMatchObject(none);
		expect((await runWith({ models: [{ id: "text-embedding-nomic" }] })).outcome).toMatchObject(none);
		const body = { error: { message: "No models loaded.", code: "model_not_found" } };
		expect((await runWith({ routes: { [CHAT]: { status: 404, body } } })).outcome).toMatchObject(none);
		// As LM Studio says it.
		const own = { error: { message: "No models loaded.", type: "invalid_request_error", param: "model" } };
		expect((await runWith({ routes: { [CHAT]: { status: 400, body: own } } })).outcome).toMatchObject(none);
	});

	test("where nobody listens", async () => {
		const { outcome } = await drive("lmstudio", lmstudio, { env: { LMSTUDIO_BASE_URL: await deadAddress() } });
		expect(outcome).toMatchObject({
			errorCode: "RUNNER_UNREACHABLE",
			details: { kind: "network", reason: "ECONNREFUSED", path: "/v1/models" },
		});
	});

	test("of a run that is stopped while the model thinks", async () => {
		const server = await localModel();
		const stop = new AbortController();
		void server.hanging.then(() => stop.abort());
		const env = { LMSTUDIO_BASE_URL: server.url };
		const { results, notes } = await drive("lmstudio", lmstudio, { env, stop, payload: { prompt: "[hang]" } });
		await server.abandoned;
		expect([results, notes]).toEqual([1, ""]);
	});
});

describe("the stream", () => {
	const whole = Buffer.from(chatStream("größer 変更 🙂"));

	test("with invalid UTF-8 and unknown data goes on", async () => {
		const odd = Buffer.concat([
			Buffer.from('data: {"choices":[{"delta":{"content":"a'),
			Buffer.from([0xff]),
			Buffer.from('b"}}]}\n\ndata: {"ping":1}\n\n: comment\n\n'),
			whole,
		]);
		const { outcome, text, events } = await runWith({ stream: { bytes: odd, whole: true } });
		expect(text).toBe("a\ufffdbgrößer 変更 🙂");
		expect(outcome.status).toBe("ok");
		expect(events).toContainEqual({ type: "run.unknown", data: { line: '{"ping":1}' } });
	});

	test("that stays open after its end mark is not waited for", async () => {
		// The server never ends the answer.
		const server = await localModel({ stream: { bytes: whole, whole: "open" } });
		const { outcome } = await drive("lmstudio", lmstudio, { env: { LMSTUDIO_BASE_URL: server.url } });
		expect(outcome.status).toBe("ok");
	});
});

describe("the request", () => {
	test("names the loaded model, else the first that can answer; a named one is asked as it is", async () => {
		const own = {
			data: [
				{ id: "a", type: "llm", state: "not-loaded" },
				{ id: "e", type: "embeddings", state: "loaded" },
			],
		};
		const loaded = { data: [...own.data, { id: "b", type: "vlm", state: "loaded" }] };
		const chosen = async (body: unknown, model?: string) =>
			(await runWith({ routes: { "GET /api/v0/models": { status: 200, body } } }, { payload: { model } })).server;
		expect((await chosen(own)).chats[0]?.model).toBe("a");
		expect((await chosen(loaded, "auto")).chats[0]?.model).toBe("b");
		// LM Studio answers an address that it does not know with 200 and an error.
		expect((await chosen({ error: "Unexpected endpoint" })).chats[0]?.model).toBe("qwen3-8b");
		const named = await chosen(loaded, "mine");
		expect([named.chats[0]?.model, named.calls]).toEqual(["mine", [CHAT]]);
	});

	test("carries the key to every address, and an address that ends in /v1 is the same", async () => {
		const server = await localModel({ key: "k-1" });
		const env = { LMSTUDIO_BASE_URL: `${server.url}/v1`, LMSTUDIO_API_KEY: "k-1" };
		expect((await drive("lmstudio", lmstudio, { env })).outcome.status).toBe("ok");
		expect((await drive("lmstudio", lmstudio, { env: { LMSTUDIO_BASE_URL: server.url } })).outcome.errorCode).toBe(
			"AUTH_MISSING",
		);
	});

	test("holds the task's files, none from elsewhere, and says what is missing", async () => {
		const outside = temporaryFolder();
		writeFileSync(join(outside, "secret.txt"), "SECRET");
		const folder = temporaryFolder();
		mkdirSync(join(folder, "src"));
		writeFileSync(join(folder, "src/a.ts"), "const a = 1;");
		writeFileSync(join(folder, "fence.md"), "````\ncode\n````\n");
		writeFileSync(join(folder, "large.txt"), "x".repeat(200_000));
		writeFileSync(join(folder, "raw.bin"), Buffer.from([1, 0, 2]));
		symlinkSync(join(outside, "secret.txt"), join(folder, "link.txt"));
		symlinkSync(outside, join(folder, "out"));
		const files = [
			"src/a.ts",
			"fence.md",
			"large.txt",
			"raw.bin",
			"new.ts",
			"src",
			"link.txt",
			"out/secret.txt",
			"../x",
		];
		const { server } = await runWith({}, { workspacePath: folder, payload: { prompt: "Change it.\n", files } });
		const text = server.chats[0]?.messages[1]?.content ?? "";
		expect(text).toBe(
			[
				"Change it.",
				"File src/a.ts:\n```\nconst a = 1;\n```",
				"File fence.md:\n`````\n````\ncode\n````\n`````",
				"File large.txt: left out, it is too large.",
				"File raw.bin: left out, it is binary.",
				"File new.ts: does not exist yet.",
				"File src: no plain file.",
				"File link.txt: not part of the project.",
				"File out/secret.txt: not part of the project.",
				"File ../x: not part of the project.\n",
			].join("\n\n"),
		);
	});
});

describe("the probe", () => {
	const ask = (env: Record<string, string>) => probeLmstudio({ env, stop: new AbortController().signal });

	test("lists models and asks none of them", async () => {
		const server = await localModel({ key: "k" });
		expect(await ask({ LMSTUDIO_BASE_URL: server.url, LMSTUDIO_API_KEY: "k" })).toMatchObject({
			works: "yes",
			authenticated: "yes",
			details: { models: 1 },
		});
		expect(server.chats).toEqual([]);
		expect(await ask({ LMSTUDIO_BASE_URL: server.url })).toMatchObject({ works: "no", authenticated: "no" });
		const empty = await localModel({ models: [] });
		expect(await ask({ LMSTUDIO_BASE_URL: empty.url })).toMatchObject({ works: "no", reason: "no model" });
		expect(await ask({ LMSTUDIO_BASE_URL: await deadAddress() })).toMatchObject({ works: "no", reason: "unreachable" });
		expect(await ask({ LMSTUDIO_BASE_URL: "nowhere" })).toMatchObject({ works: "no", reason: "bad address" });
	});
});
