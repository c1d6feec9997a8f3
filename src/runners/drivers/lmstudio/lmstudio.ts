// A local model behind the API that OpenAI's servers made common: LM Studio, llama.cpp, Ollama, vLLM.
// Invariant: the model only writes text. In diff mode the text has to hold a diff, which msgcode itself checks and applies.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { coalesce } from "../coalesced-text.ts";
import type { Driver, DriverInput, DriverResult } from "../driver.ts";
import type { DriverProbe } from "../driver-probe.ts";
import { failure, unreachable } from "../outcome.ts";
import { baseAddress, below, callService, type ServiceAnswer, ServiceFailure, textOf } from "../service-call.ts";
import { type ChatAnswer, emptyAnswer, takeChunk } from "./chat-answer.ts";
import { diffIn } from "./diff-in-text.ts";
import { chooseModel, errorIn, listModels, type Server } from "./models.ts";
import { messagesFor } from "./request-text.ts";
import { createEventReader } from "./server-sent-events.ts";
import { judgeAnswer, judgeRefusal } from "./verdict.ts";

const DEFAULT_ADDRESS = "http://127.0.0.1:1234";
const LONGEST_LINE = 4 * 1024 * 1024;
const CHAT = ["v1", "chat", "completions"];

export const lmstudio: Driver = async (input) => {
	const { request, emit } = input;
	const server = serverOf(input);
	if (server === null) return failure("RUNNER_FAILED", { reason: "bad_address", variable: "LMSTUDIO_BASE_URL" });
	let path = "/v1/models";
	try {
		const chosen = await modelFor(server, request.payload.model);
		if (typeof chosen !== "string") return chosen;
		input.announce({ model: chosen });
		path = `/${CHAT.join("/")}`;
		const response = await callService({
			method: "POST",
			url: below(server.base, ...CHAT),
			headers: server.headers ?? {},
			body: {
				model: chosen,
				stream: true,
				stream_options: { include_usage: true },
				messages: messagesFor(request),
			},
			// A large model may take minutes to load and to read the prompt: the run's own timers bound that.
			silenceMs: null,
			stop: server.stop,
		});
		if (response.status !== 200) {
			const said = errorIn(await textOf(response, 64 * 1024));
			return judgeRefusal({ status: response.status, path, retryAtMs: response.retryAtMs, ...said });
		}
		return keep(request, await listen(response, emit));
	} catch (cause) {
		if (!(cause instanceof ServiceFailure)) throw cause;
		return unreachable(cause, { path });
	}
};

/** Reads the stream to its end, saying what comes. */
async function listen(
	response: ServiceAnswer,
	emit: DriverInput["emit"],
): Promise<{ answer: ChatAnswer; result: DriverResult }> {
	const said = emptyAnswer();
	const text = coalesce((piece) => emit({ type: "message.delta", data: { text: piece } }));
	const thought = coalesce((piece) => emit({ type: "message.delta", data: { text: piece, thinking: true } }));
	const endThought = () => {
		if (thought.flush()) emit({ type: "message.stop", data: { thinking: true } });
	};
	const events = createEventReader(LONGEST_LINE, ({ data }) => {
		const piece = takeChunk(said, data);
		if (piece === null) emit({ type: "run.unknown", data: { line: data.slice(0, 16_384).toWellFormed() } });
		else {
			thought.add(piece.reasoning);
			if (piece.text !== "") endThought();
			text.add(piece.text);
		}
	});
	let broken: ServiceFailure | null = null;
	try {
		for await (const chunk of response.body) {
			events.write(chunk);
			// What comes after the end mark is not waited for: some servers keep the connection open.
			if (said.done) break;
		}
	} catch (cause) {
		if (!(cause instanceof ServiceFailure)) throw cause;
		broken = cause;
	}
	response.close();
	events.end();
	endThought();
	if (text.flush()) emit({ type: "message.stop", data: {} });
	if (said.usage !== null) emit({ type: "run.usage", data: { ...said.usage } });
	return { answer: said, result: judgeAnswer(said, broken, events.truncated) };
}

/** Keeps the answer in the run's folder; in diff mode the diff as well, without which it is no success. */
function keep(
	{ payload, constraints, context }: DriverInput["request"],
	{ answer, result }: { answer: ChatAnswer; result: DriverResult },
): DriverResult {
	const write = (name: string, text: string) => {
		writeFileSync(join(context.runDir, name), text, { mode: 0o600 });
		return name;
	};
	if (answer.text === "") return result;
	const artifacts = [write("reply.md", answer.text)];
	if (payload.mode !== "diff" || constraints.permission === "read-only" || result.status !== "ok")
		return { ...result, artifacts };
	const found = diffIn(answer.text);
	if ("reason" in found) return { ...result, ...failure("RUNNER_OUTPUT_INVALID", found), artifacts };
	return { ...result, diff: write("reply.diff", found.diff), artifacts };
}

/** The model to ask, or why there is none. */
async function modelFor(server: Server, wanted: string | null | undefined): Promise<string | DriverResult> {
	if (wanted != null && wanted !== "" && wanted !== "auto") return wanted;
	const models = await listModels(server);
	if (!Array.isArray(models)) return judgeRefusal(models);
	return chooseModel(models) ?? failure("RUNNER_FAILED", { reason: "no_model", path: "/v1/models" });
}

function serverOf({ env, stop }: Pick<DriverInput, "env" | "stop">): Server | null {
	const base = baseAddress(env.LMSTUDIO_BASE_URL || DEFAULT_ADDRESS);
	if (base === null) return null;
	const key = env.LMSTUDIO_API_KEY ?? "";
	// Many write the address with the API's own path behind it.
	base.pathname = base.pathname.replace(/\/v1\/*$/, "/");
	return { base, headers: key === "" ? {} : { authorization: `Bearer ${key}` }, stop };
}

/** Asks for the list of models, which costs nothing. */
export const probeLmstudio: DriverProbe = async ({ env, stop }) => {
	const server = serverOf({ env, stop });
	if (server === null) return { works: "no", authenticated: "unknown", reason: "bad address" };
	const host = server.base.host;
	try {
		const models = await listModels(server);
		if (!Array.isArray(models)) {
			const refused = models.status === 401 || models.status === 403;
			const details = { host, status: models.status };
			return {
				works: "no",
				authenticated: refused ? "no" : "unknown",
				reason: refused ? "key refused" : "refused",
				details,
			};
		}
		const details = { host, models: models.length, loaded: models.filter(({ loaded }) => loaded === true).length };
		const model = chooseModel(models);
		if (model === null) return { works: "no", authenticated: "yes", reason: "no model", details };
		return { works: "yes", authenticated: "yes", details };
	} catch (cause) {
		if (!(cause instanceof ServiceFailure)) throw cause;
		return { works: "no", authenticated: "unknown", reason: "unreachable", details: { host, kind: cause.kind } };
	}
};
