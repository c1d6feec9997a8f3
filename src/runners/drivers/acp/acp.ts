// The driver of agents that speak the Agent Client Protocol: starts the program that the task names, has one turn with it,
// and lets the task's permission or a person answer what it asks.
// Invariant: ok is only what the agent itself called the end of its turn.

import { once } from "node:events";
import { basename } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { launch, type RunningChild } from "../../../core/launch.ts";
import { version } from "../../../core/version.ts";
import type { HumanLoopRequest } from "../../event-data.ts";
import { objectIn, textIn } from "../../json-value.ts";
import type { Driver, DriverInput, DriverResult } from "../driver.ts";
import { failure } from "../outcome.ts";
import {
	type AgentSide,
	agentErrorIn,
	connectAgent,
	PROTOCOL_VERSION,
	type RequestPermissionRequest,
	type SessionFacts,
} from "./acp-connection.ts";
import { agentFiles, isInFolder } from "./acp-files.ts";
import { answerFor, choicesOf, optionNamed } from "./acp-permission.ts";
import { modelChoice, readOnlyChoice } from "./acp-session.ts";
import { type KnownTool, readUpdates, type UpdateReader } from "./acp-updates.ts";
import { endByError, endOfTurn, usageOf } from "./acp-verdict.ts";

/** For an agent that was asked to stop, or has nothing more to do. */
const LAST_MOMENT_MS = 1_000;
const NOISE_CHARACTERS = 16 * 1024;

export const acpDriver: Driver = async (input) => {
	const { request, env, emit, stop } = input;
	const argv = request.payload.args ?? [];
	const cwd = request.workspacePath;
	const whole = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
	const child = await launch({ argv, cwd, env: Object.fromEntries(whole), stdin: null, stdinStaysOpen: true });
	if ("error" in child) {
		const code = child.outcome === "not_found" ? "RUNNER_NOT_FOUND" : "RUNNER_NOT_STARTED";
		return failure(code, { program: basename(argv[0] ?? ""), reason: child.error });
	}
	const exited = once(child, "exit");
	const permission = request.constraints.permission ?? "edit";
	const files = agentFiles(cwd, permission !== "read-only");
	let replayed: number | null = null;
	const updates = readUpdates(emit);
	const agent = connectAgent(child, {
		mayWrite: permission !== "read-only",
		onUpdate(update) {
			if (replayed === null) updates.read(update);
			else replayed += 1;
		},
		onNoise(stream, text, truncated) {
			const cut = truncated || text.length > NOISE_CHARACTERS;
			const kept = cut ? text.slice(0, NOISE_CHARACTERS).toWellFormed() : text;
			if (text.trim() !== "") {
				emit({ type: "run.log", data: { stream, text: kept, ...(cut ? { truncated: true } : {}) } });
			}
		},
		onPermission: permissionDesk(input, updates),
		readFile: files.read,
		writeFile: files.write,
	});
	const turn = haveTurn(input, agent, updates, (loading) => {
		if (!loading && replayed !== null) {
			emit({
				type: "run.log",
				data: { stream: "acp", text: `The earlier session was told again: ${replayed} updates.` },
			});
		}
		replayed = loading ? 0 : null;
	});
	const result = await Promise.race([turn, stopping(stop).then(() => endSoon(turn))]);
	updates.end();
	// The end of its input is how an agent learns that its client has gone.
	child.stdin?.end();
	if (!stop.aborted) await Promise.race([exited, pause(LAST_MOMENT_MS, undefined, { ref: false })]);
	agent.close();
	const end = result ?? failure("RUNNER_FAILED", howItEnded(child));
	return { preview: updates.lastText(), ...end };
};

/** One conversation: who are you, a session, the prompt, its end. Null when the agent went in the middle of it. */
async function haveTurn(
	input: DriverInput,
	agent: AgentSide,
	updates: UpdateReader,
	onLoading: (loading: boolean) => void,
): Promise<DriverResult | null> {
	const { request, stop, emit } = input;
	const cwd = request.workspacePath;
	let step = "initialize";
	let session: string | null = null;
	try {
		const facts = await agent.initialize(version);
		if (facts.protocolVersion !== PROTOCOL_VERSION) {
			return failure("RUNNER_FAILED", { reason: "protocol version", version: facts.protocolVersion });
		}
		const about = { agent: facts.agentInfo?.name ?? null, agentVersion: facts.agentInfo?.version ?? null };
		const { resume } = request.context;
		const { loadSession, sessionCapabilities } = facts.agentCapabilities ?? {};
		let begun: SessionFacts;
		if (resume != null && (loadSession === true || sessionCapabilities?.resume != null)) {
			step = loadSession === true ? "session/load" : "session/resume";
			onLoading(true);
			begun = await (loadSession === true ? agent.loadSession(cwd, resume) : agent.resumeSession(cwd, resume));
			onLoading(false);
			session = resume;
		} else {
			if (resume != null) {
				const message = "The agent cannot go on in an earlier session; it began a new one.";
				emit({ type: "run.warning", data: { code: "resume_unsupported", message } });
			}
			step = "session/new";
			const made = await agent.newSession(cwd);
			session = made.sessionId;
			begun = made;
		}
		step = "session setup";
		const model = await setUp(agent, session, begun, input);
		input.announce({ session, version: about.agentVersion, ...(model === false ? {} : { model }) });
		if (model === false) return { ...failure("RUNNER_FAILED", { ...about, reason: "model not offered" }), session };
		if (stop.aborted) return { ...endOfTurn("cancelled"), session };
		const cancel = () => void agent.cancel(session as string).catch(() => {});
		stop.addEventListener("abort", cancel, { once: true });
		step = "session/prompt";
		const answer = await agent.prompt(session, request.payload.prompt);
		updates.end();
		const usage = usageOf(answer, updates.costUsd());
		if (usage !== null) emit({ type: "run.usage", data: { ...usage } });
		const end = endOfTurn(answer.stopReason);
		return { ...end, details: { ...end.details, ...about }, session, model, usage };
	} catch (cause) {
		const error = agentErrorIn(cause);
		if (error === null || agent.gone.aborted) {
			if (agent.gone.aborted) return null;
			throw cause;
		}
		const more = textIn(objectIn(error.data)?.details);
		const text = (more === null ? error.message : `${error.message}: ${more}`)
			.slice(0, NOISE_CHARACTERS)
			.toWellFormed();
		if (text !== "") emit({ type: "run.log", data: { stream: "acp", text } });
		return { ...endByError(step, error), session };
	}
}

/** Sets the session up as the task wants it. The model, null where the choice is the agent's; false: it has no such model. */
async function setUp(
	agent: AgentSide,
	session: string,
	facts: SessionFacts,
	{ request, emit }: Pick<DriverInput, "request" | "emit">,
): Promise<string | null | false> {
	const model = modelChoice(facts, request.payload.model);
	if (model === null) return false;
	const mode = request.constraints.permission === "read-only" ? readOnlyChoice(facts) : null;
	if (mode === "none") {
		const message =
			"The agent has no mode that only reads; nothing but its own questions keeps it from changing files.";
		emit({ type: "run.warning", data: { code: "read_only_not_held", message } });
	}
	for (const choice of [model.choice, mode]) {
		if (choice === null || choice === "none") continue;
		if (choice.by === "mode") await agent.setMode(session, choice.value);
		else await agent.setOption(session, choice.configId, choice.value);
	}
	return model.value;
}

/** Answers the agent's questions: by the run's permission, or by a person, who is asked until an answer is one of the choices. */
function permissionDesk({ request, emit, reply, stop }: DriverInput, updates: UpdateReader) {
	let asked = 0;
	return async ({ toolCall, options }: RequestPermissionRequest): Promise<string | null> => {
		const tool = updates.tool({ ...toolCall });
		const cwd = request.workspacePath;
		const inside = new Set<string>();
		for (const path of tool?.paths ?? []) if (await isInFolder(cwd, path)) inside.add(path);
		const permission = request.constraints.permission ?? "edit";
		const answer = answerFor(permission, tool, options, (path) => inside.has(path));
		if (answer === "refuse") return null;
		if (answer !== "ask") return answer.optionId;
		for (let note = ""; !stop.aborted; note = "That was none of the choices. ") {
			asked += 1;
			const questionId = `permission-${asked}`;
			const prompt = `${note}${questionAbout(tool)}`;
			const question: HumanLoopRequest = { questionId, prompt, choices: choicesOf(options), about: "permission" };
			emit({ type: "human_loop.requested", data: { ...question } });
			const said = await Promise.race([reply(questionId), stopping(stop).then(() => null)]);
			const option = said === null ? null : optionNamed(options, said);
			if (option !== null) return option.optionId;
		}
		return null;
	};
}

function questionAbout(tool: KnownTool | null): string {
	if (tool === null) return "The agent asks for a permission and does not say what for.";
	const command = (tool.input as { readonly command?: unknown } | null | undefined)?.command;
	const parts = [`${tool.title === "" ? tool.name : tool.title} (${tool.kind})`, ...tool.paths];
	if (command !== undefined) parts.push(typeof command === "string" ? command : JSON.stringify(command));
	return `May the agent do this? ${parts.join(" · ")}`.slice(0, 2_000).toWellFormed();
}

/** A canceled turn may still end by itself, for a moment; what it was then makes no difference any more. */
async function endSoon(turn: Promise<DriverResult | null>): Promise<DriverResult> {
	const stopped = endOfTurn("cancelled");
	const late = pause(LAST_MOMENT_MS, stopped, { ref: false });
	return (await Promise.race([turn.catch(() => stopped), late])) ?? stopped;
}

async function stopping(stop: AbortSignal): Promise<void> {
	if (!stop.aborted) await once(stop, "abort");
}

function howItEnded({ exitCode, signalCode }: RunningChild): Readonly<Record<string, unknown>> {
	return { reason: "agent ended", exitCode, signal: signalCode };
}
