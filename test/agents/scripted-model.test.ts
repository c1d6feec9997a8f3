// The scripted model keeps its script: each API in its own form, each mode its own end; and what is absent is called absent.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../support/repo.ts";
import { MODES, type Mode } from "./model/api.ts";
import { type ScriptedModel, startScriptedModel } from "./model/server.ts";

const IN_FOLDER = "Working directory: /some/folder\n";
const APIS: Readonly<Record<string, { path: string; body: object; answered: object; small: object }>> = {
	anthropic: {
		path: "/v1/messages",
		body: { model: "m", stream: true, system: IN_FOLDER, tools: [{ name: "Write" }], messages: [{ role: "user" }] },
		answered: { messages: [{ role: "user", content: [{ type: "tool_result" }] }] },
		small: { tools: [] },
	},
	responses: {
		path: "/v1/responses",
		body: {
			model: "m",
			stream: true,
			instructions: IN_FOLDER,
			tools: [{ type: "function", name: "exec_command" }],
			input: [],
		},
		answered: { input: [{ type: "function_call_output" }, { type: "function_call_output" }] },
		small: { tools: [] },
	},
	chat: {
		path: "/v1/chat/completions",
		body: {
			model: "m",
			stream: true,
			tools: [{ function: { name: "write" } }],
			messages: [{ role: "system", content: IN_FOLDER }],
		},
		answered: { messages: [{ role: "tool" }] },
		small: { tools: [] },
	},
	google: {
		path: "/v1beta/models/m:streamGenerateContent",
		body: { tools: [{ functionDeclarations: [{ name: "write_file" }] }], contents: [{ parts: [{ text: IN_FOLDER }] }] },
		answered: { contents: [{ parts: [{ functionResponse: {} }] }] },
		small: { tools: [] },
	},
};

async function model(): Promise<ScriptedModel> {
	const started = await startScriptedModel();
	onTestFinished(() => started.close());
	return started;
}

function ask(at: ScriptedModel, mode: Mode, path: string, body: object, signal?: AbortSignal): Promise<Response> {
	return fetch(`${at.address(mode)}${path}`, {
		method: "POST",
		body: JSON.stringify(body),
		...(signal ? { signal } : {}),
	});
}

test.each(Object.entries(APIS))(
	"%s: the file first, then the end, in the folder that the program named",
	async (api, { path, body, answered, small }) => {
		const at = await model();
		const first = await (await ask(at, "ok", path, body)).text();
		expect(first).toContain("made.txt");
		if (api !== "responses") expect(first).toContain("/some/folder/made.txt");
		expect(await (await ask(at, "ok", path, { ...body, ...answered })).text()).toContain("Done: wrote made.txt");
		expect(at.asked).toMatchObject([
			{ api, mode: "ok", results: 0, folder: "/some/folder" },
			{ api, mode: "ok" },
		]);
		await (await ask(at, "ok", path, { ...body, ...small })).text();
		expect(at.asked, "a request without tools is no work").toHaveLength(2);
	},
);

test.each(Object.entries(APIS))(
	"%s: a refused key, a limit and a refused request are what the API calls them",
	async (_, { path, body }) => {
		const at = await model();
		expect((await ask(at, "e401", path, body)).status).toBe(401);
		expect((await ask(at, "e429", path, body)).status).toBe(429);
		expect((await ask(at, "usage", path, body)).status).toBe(429);
		const failed = await ask(at, "failed", path, body);
		expect(failed.status === 400 || (await failed.text()).includes("response.failed")).toBe(true);
	},
);

test.each(Object.entries(APIS))(
	"%s: hang never answers, stall only once it has written",
	async (_, { path, body, answered }) => {
		const at = await model();
		expect(await (await ask(at, "stall", path, body)).text()).toContain("made.txt");
		for (const [mode, asked] of [
			["hang", body],
			["stall", { ...body, ...answered }],
		] as const) {
			const stop = new AbortController();
			const reader = (await ask(at, mode, path, asked, stop.signal)).body?.getReader();
			const begun = await reader?.read();
			expect(new TextDecoder().decode(begun?.value)).toBe(": begun\n\n");
			const next = reader?.read().then(
				() => "more",
				() => "nothing more",
			);
			stop.abort();
			expect(await next).toBe("nothing more");
		}
	},
);

test("an address of no mode and no API is not known, and is told", async () => {
	const at = await model();
	const response = await fetch(`${at.address("ok").replace(/ok$/, "other")}/v1/messages`, {
		method: "POST",
		body: "{}",
	});
	expect(response.status).toBe(404);
	expect(at.unknown).toEqual(["/other/v1/messages"]);
	expect(MODES.every((mode) => at.address(mode).startsWith("http://127.0.0.1:"))).toBe(true);
});

test("programs that are not there are listed as absent, never as passed", () => {
	const main = fileURLToPath(new URL("./agents.ts", import.meta.url));
	const said = execFileSync(process.execPath, [main], {
		env: { PATH: temporaryFolder(), HOME: temporaryFolder() },
	}).toString();
	for (const id of ["claude", "codex", "opencode", "gemini"]) expect(said).toMatch(new RegExp(`^absent +${id}: `, "m"));
	expect(said).not.toContain("passed");
	expect(said).toContain("absent, not run");
});
