// A run's events as a person reads them: what was said, which tools were used on what, the plan as it stands, what went wrong.
// Invariant: every event leaves a trace, in order; pieces of a text are put together into lines before they are shown.

import { dateable, formatDuration, isoTime } from "../core/clock.ts";
import type { RunEvent } from "../core/event.ts";
import type { Style } from "./color.ts";
import { truncate, visible } from "./terminal-text.ts";

export interface Transcript {
	/** The text that the event adds; each line ends with a newline. */
	add(event: RunEvent): string;
	/** What is left of a text that nobody ended. */
	end(): string;
}

type Facts = Readonly<Record<string, unknown>>;

/** Columns of the time and the space behind it. */
const MARGIN = 10;
const LONGEST_FACT = 200;
/** A text without line breaks is shown after this many characters, so that a slow one is seen. */
const LONGEST_PIECE = 1_000;

export function createTranscript(style: Style): Transcript {
	let said = "";
	let saidAt = "";
	/** It is what the runner thinks, not what it says. */
	let thinking = false;
	let last = "";

	function line(ts: string, text: string): string {
		return `${style.dim(ts.slice(11, 19))}  ${text}\n`;
	}
	function flush(): string {
		if (said === "") return "";
		const text = said;
		said = "";
		return line(saidAt, paint(text));
	}
	function paint(text: string): string {
		return thinking ? style.dim(visible(text)) : visible(text);
	}
	function hear(ts: string, piece: string, aloud: boolean): string {
		let out = thinking === aloud ? flush() : "";
		thinking = !aloud;
		saidAt = said === "" ? ts : saidAt;
		said += piece;
		for (let end = said.indexOf("\n"); end >= 0; end = said.indexOf("\n")) {
			out += line(saidAt, paint(said.slice(0, end)));
			said = said.slice(end + 1);
			saidAt = ts;
		}
		return said.length > LONGEST_PIECE ? out + flush() : out;
	}
	return {
		add(event) {
			// Progress that is told from a list of todos says what the list before it says.
			const isToldAlready = event.type === "run.progress" && last === "todo.update";
			last = event.type;
			if (isToldAlready) return "";
			if (event.type === "message.delta") {
				const { text, thinking: aside } = event.data;
				return hear(event.ts, typeof text === "string" ? text : "", aside !== true);
			}
			if (event.type === "message.stop") return flush();
			const lines = describe(event.type, event.data, style);
			return flush() + lines.map((text) => line(event.ts, text)).join("");
		},
		end: flush,
	};
}

function describe(type: string, data: Facts, style: Style): string[] {
	const room = Math.min(LONGEST_FACT, style.width - MARGIN);
	switch (type) {
		case "run.log":
			return [logLine(data, style)];
		case "run.started":
			return [
				style.bold(`started  ${wordsOf(data.runner, data.mode)}`) +
					(data.base ? style.dim(`  on ${short(data.base)}`) : ""),
			];
		case "run.status":
			return statusLines(data, style);
		case "run.attempt_started":
			return data.attempt === 1 ? [] : [style.dim(`attempt ${shown(data.attempt)}`)];
		case "run.attempt_succeeded":
			return [];
		case "run.attempt_failed":
			return [style.red(`attempt ${shown(data.attempt)} failed  ${wordsOf(data.errorCode)}`)];
		case "tool.started":
			return [`${style.cyan("▸")} ${style.bold(shown(data.name))}  ${truncate(subjectOf(data.input), room - 20)}`];
		case "tool.finished":
			return toolEnd(data, style, room);
		case "todo.update":
			return todoLines(data.todos, style);
		case "run.progress":
			return [style.bold(`progress  ${shown(data.done)} of ${shown(data.total)}`)];
		case "run.usage":
			return [style.dim(`usage  ${usageOf(data)}`)];
		case "run.limit":
			return [style.yellow(`limit reached  ${limitOf(data)}`)];
		case "run.warning":
			return [style.yellow(`warning  ${shown(data.message ?? data.code)}${retryOf(data)}`)];
		case "run.artifact":
			return [`artifact  ${shown(data.name ?? data.path)}`];
		case "human_loop.requested":
			return questionLines(data, style);
		case "human_loop.resolved":
			return [answerLine(data, style)];
		case "run.finished":
			return [finishLine(data, style)];
		default:
			return [style.dim(`${type.replace(/^run\./, "")}  ${truncate(visible(factsOf(data)), room - 10)}`)];
	}
}

function logLine(data: Facts, style: Style): string {
	const text = shown(data.text) + (data.truncated === true ? style.dim(" (cut)") : "");
	if (data.stream === "stderr") return style.yellow(text);
	return data.stream === "stdout" ? text : style.dim(text);
}

const ENDS = ["ok", "error", "canceled", "timeout", "stuck", "skipped", "failed", "finished"];

function statusLines(data: Facts, style: Style): string[] {
	const { status, check, session, model } = data;
	if (ENDS.includes(shown(status))) return []; // run.finished says it
	if (status === "checking") return [`${style.cyan("check")}  ${shown(check)}`];
	if (status === "waiting_human") return [style.yellow("waiting for a person")];
	const more = [model, session].filter((fact) => typeof fact === "string").map((fact) => visible(fact as string));
	return [style.dim([shown(status), ...more].join("  "))];
}

function toolEnd(data: Facts, style: Style, room: number): string[] {
	const lines = typeof data.output === "string" ? data.output.trim().split("\n") : [];
	const exit = typeof data.exitCode === "number" && data.exitCode !== 0 ? `exit ${data.exitCode}  ` : "";
	const words = truncate(visible(lines[0] ?? ""), room - 24) + (lines.length > 1 ? `  (${lines.length} lines)` : "");
	if (data.status === "error") return [`  ${style.red("failed")}  ${exit}${words}`];
	return words === "" ? [] : [style.dim(`  ${exit}${words}`)];
}

function todoLines(todos: unknown, style: Style): string[] {
	const list: readonly unknown[] = Array.isArray(todos) ? todos : [];
	const rows = list.map((row): Facts => (typeof row === "object" && row !== null ? (row as Facts) : { content: row }));
	const done = rows.filter(({ status }) => status === "done").length;
	const marks: Readonly<Record<string, string>> = {
		done: style.green("✓"),
		doing: style.cyan("▸"),
		canceled: style.dim("✗"),
	};
	const lines = rows.map(({ status, content }) => `  ${marks[shown(status)] ?? "○"} ${shown(content)}`);
	return [style.bold(`plan  ${done} of ${rows.length} done`), ...lines];
}

function questionLines(data: Facts, style: Style): string[] {
	const id = shown(data.questionId);
	const choices = Array.isArray(data.choices) ? data.choices.map((choice) => shown(choice)) : [];
	return [
		`${style.yellow("question")}  ${style.bold(shown(data.prompt))}${choices.length === 0 ? "" : `  (${choices.join(", ")})`}`,
		style.dim(`  msgcode human reply ${visible(id)} --answer '…'`),
	];
}

function answerLine({ status, answer, by }: Facts, style: Style): string {
	if (answer === null || answer === undefined) return style.yellow(`question  ${shown(status)}`);
	const who = wordsOf(by);
	return style.bold(`answered  ${shown(answer)}`) + (who === "" ? "" : style.dim(`  ${who}`));
}

function finishLine(data: Facts, style: Style): string {
	const text = `finished  ${wordsOf(data.status, data.errorCode)}`;
	return data.status === "ok" ? style.green(text) : style.red(text);
}

function usageOf(data: Facts): string {
	const { inputTokens, outputTokens, costUsd } = data;
	const parts = [
		typeof inputTokens === "number" ? `${inputTokens} in` : null,
		typeof outputTokens === "number" ? `${outputTokens} out` : null,
		typeof costUsd === "number" ? `$${costUsd.toFixed(4)}` : null,
	];
	return parts.filter((part) => part !== null).join(", ");
}

function limitOf({ resetAtMs, text }: Facts): string {
	if (typeof resetAtMs === "number") return `until ${isoTime(dateable(resetAtMs))}`;
	return `until an unknown time${typeof text === "string" ? `: ${visible(text)}` : ""}`;
}

function retryOf({ code, delayMs, attempt, httpStatus }: Facts): string {
	if (code !== "retry") return "";
	const facts = [
		typeof attempt === "number" ? `attempt ${attempt}` : null,
		typeof httpStatus === "number" ? `HTTP ${httpStatus}` : null,
		typeof delayMs === "number" ? `again in ${formatDuration(delayMs)}` : null,
	].filter((fact) => fact !== null);
	return facts.length === 0 ? "" : ` (${facts.join(", ")})`;
}

/** Of a tool's input the part that tells most: the file, the command, the pattern, the address. */
const TELLING = [
	"command",
	"cmd",
	"file_path",
	"filePath",
	"path",
	"pattern",
	"query",
	"url",
	"description",
	"subject",
];

function subjectOf(input: unknown): string {
	if (typeof input === "string") return visible(input);
	if (typeof input !== "object" || input === null) return "";
	const facts = input as Facts;
	const telling = TELLING.map((key) => facts[key]).find((value) => typeof value === "string" || Array.isArray(value));
	if (telling !== undefined) return Array.isArray(telling) ? telling.map(shown).join(" ") : shown(telling);
	return Object.keys(facts).length === 0 ? "" : visible(JSON.stringify(facts));
}

/** `key=value` of everything, on one line. */
export function factsOf(data: Facts): string {
	return Object.entries(data)
		.filter(([, value]) => value !== null && value !== undefined)
		.map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
		.join(" ");
}

function short(revision: unknown): string {
	return visible(shown(revision).slice(0, 12));
}

function wordsOf(...words: readonly unknown[]): string {
	return words
		.map(shown)
		.filter((word) => word !== "")
		.map(visible)
		.join("  ");
}

/** A value of a stranger's, safe to print, on one line. */
function shown(value: unknown): string {
	const text = typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);
	return visible(text);
}
