// The drivers of services: a local model's server and a remote executor, each with its server on loopback.
import { createRegistry } from "../../../src/runners/registry.ts";
import { EXECUTOR_DIFF, type ExecutorOptions, executor, okLines } from "../../support/executor.ts";
import { chatStream, type LocalModelOptions, localModel, MADE_DIFF } from "../../support/local-model.ts";
import { type CaseName, type Subject, taskFile, type Way } from "../subject.ts";
import { byPrompt } from "./bracketed.ts";

const MIB = 1 << 20;
const NO_PARTS = "its work is one diff at the end, so that nothing is done by halves";
const NO_SESSION = "a model's server keeps no session";
const BAD_BYTES = Buffer.from([0xff, 0xfe]);

function withBadBytes(text: string, mark: string): Buffer {
	const at = text.indexOf(mark) + mark.length;
	return Buffer.concat([Buffer.from(text.slice(0, at)), BAD_BYTES, Buffer.from(text.slice(at))]);
}

const CHAT = "POST /v1/chat/completions";
const ANSWER = `Here it is:\n\n\`\`\`diff\n${MADE_DIFF}\`\`\`\n`;

const MODELS: Readonly<Partial<Record<CaseName, LocalModelOptions>>> = {
	failure: { routes: { [CHAT]: { status: 500, body: { error: "It broke." } } } },
	limit: { routes: { [CHAT]: { status: 429, headers: { "retry-after": "60" }, body: { error: "Later." } } } },
	"auth missing": { key: "k-1" },
	garbage: { stream: { bytes: Buffer.from("no event\n\n]]]\ndata: {broken\n\n\u0001"), whole: true } },
	"line of 100 MB": {
		stream: { bytes: Buffer.concat([Buffer.from("data: "), Buffer.alloc(100 * MIB, "x")]), whole: true },
	},
	"invalid UTF-8": { stream: { bytes: withBadBytes(chatStream(ANSWER), "Here"), whole: true } },
};

export const lmstudio: Subject = {
	id: "lmstudio",
	notApplicable: { "crash after partial work": NO_PARTS, resume: NO_SESSION },
	runner: () => createRegistry().get("lmstudio"),
	env: () => ({}),
	async way(name): Promise<Way> {
		const server = await localModel(MODELS[name] ?? {});
		const mode = name === "no change" ? "text" : "diff";
		return {
			payload: { ...byPrompt(name).payload, mode },
			env: { LMSTUDIO_BASE_URL: server.url },
			...(name === "line of 100 MB" ? { status: "error" } : {}),
			...(name === "cancel" ? { started: server.hanging } : {}),
		};
	},
	work: "diff",
	task: {
		notApplicable: { crash: NO_PARTS },
		async prepare() {
			const server = await localModel();
			return { env: { LMSTUDIO_BASE_URL: server.url }, started: () => server.hanging };
		},
		add: (name, at) => [
			...["--from", taskFile(at, name, "title: Make the file\nrunner:\n  kind: lmstudio\n  mode: diff", byWord(name))],
		],
	},
};

function byWord(name: "success" | "crash" | "cancel"): string {
	return `Do this: [${name === "cancel" ? "hang" : "ok"}]`;
}

const EXECUTORS: Readonly<Partial<Record<CaseName, ExecutorOptions>>> = {
	garbage: { raw: Buffer.from("no JSON\n]]]\n{broken\n\u0001\n") },
	"line of 100 MB": { raw: Buffer.concat([Buffer.alloc(100 * MIB, "x"), Buffer.from("\n")]) },
	"invalid UTF-8": { raw: withBadBytes(linesOf(okLines(EXECUTOR_DIFF)), "Working") },
};

function linesOf(lines: readonly object[]): string {
	return lines.map((line, index) => `${JSON.stringify({ seq: index + 1, ...line })}\n`).join("");
}

export const http: Subject = {
	id: "http",
	notApplicable: { "crash after partial work": NO_PARTS },
	runner: () => createRegistry().get("http"),
	env: () => ({}),
	async way(name): Promise<Way> {
		const server = await executor(EXECUTORS[name] ?? {});
		return {
			...byPrompt(name),
			env: { EXECUTOR_BASE_URL: server.url, EXECUTOR_RETRY_DELAY_MS: "1" },
			...(name === "line of 100 MB" ? { status: "error" } : {}),
		};
	},
	work: "diff",
	unknownSession: null,
	task: {
		notApplicable: { crash: NO_PARTS },
		async prepare() {
			const server = await executor();
			return { env: { EXECUTOR_BASE_URL: server.url }, started: () => server.waiting };
		},
		add: (name) => ["--runner", "http", "--prompt", byWord(name)],
	},
};
