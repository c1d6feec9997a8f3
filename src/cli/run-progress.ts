// Live progress of a run on stderr: one line that is rewritten on a terminal, plain lines of phases elsewhere.
import type { RunEvent } from "../core/event.ts";
import type { RunRequest } from "../engine/run/run-request.ts";
import type { CommandContext } from "./command.ts";
import { truncate, visible } from "./terminal-text.ts";

export interface Progress {
	started(runId: string): void;
	event(event: Pick<RunEvent, "type" | "data">): void;
	/** A line that stays. */
	note(text: string): void;
	end(): void;
}

const REDRAW_MS = 120;
const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

export function showProgress(context: CommandContext, request: RunRequest): Progress {
	const { stderr, clock } = context.io;
	if (context.flags.quiet) return { started() {}, event() {}, note() {}, end() {} };
	const live = stderr.isTTY;
	const startedAtMs = clock.now();
	let phase = "preparing";
	let said = "";
	let far = "";
	let frame = 0;
	const draw = () => {
		const seconds = Math.floor((clock.now() - startedAtMs) / 1000);
		const text = `${FRAMES[frame++ % FRAMES.length]} ${request.runner.kind}: ${phase}${far}, ${seconds}s${said === "" ? "" : `  ${said}`}`;
		stderr.write(`\r${truncate(text, Math.max(10, stderr.columns - 1))}\u001b[K`);
	};
	const clear = () => {
		if (live) stderr.write("\r\u001b[K");
	};
	const timer = live ? setInterval(draw, REDRAW_MS) : null;
	const line = (text: string) => {
		clear();
		stderr.write(`${text}\n`);
	};
	return {
		started: (runId) => line(context.progressStyle.dim(`${runId} started`)),
		event({ type, data }) {
			if (type === "run.status") phase = phaseOf(data);
			if (type === "run.log" || type === "message.delta") said = shown(data.text).trim() || said;
			if (type === "run.progress" && isNumber(data.done) && isNumber(data.total)) far = ` ${data.done}/${data.total}`;
			if (type === "human_loop.requested") line(question(data));
			if (type === "tool.started") said = shown(data.name ?? data.tool);
		},
		note: line,
		end() {
			if (timer !== null) clearInterval(timer);
			clear();
		},
	};
}

/** What a runner said, which need not be a text. */
function shown(value: unknown): string {
	return typeof value === "string" ? visible(value) : "";
}

function isNumber(value: unknown): value is number {
	return typeof value === "number";
}

function phaseOf({ status, check }: RunEvent["data"]): string {
	if (check !== undefined) return `checking ${visible(String(check))}`;
	return status === "waiting_human" ? "waiting for a person" : String(status);
}

function question({ questionId, prompt, choices }: RunEvent["data"]): string {
	const possible = Array.isArray(choices) && choices.length > 0 ? ` [${choices.map(shown).join(", ")}]` : "";
	return `It asks: ${shown(prompt)}${possible}\n  msgcode human reply ${shown(questionId)} --answer <text>`;
}
