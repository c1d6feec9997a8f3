// `msgcode run logs`: what a run said, as events or raw; with -f until it has ended.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { App } from "../../app.ts";
import { MsgcodeError } from "../../core/errors.ts";
import type { RunEvent } from "../../core/event.ts";
import { type FoundRun, findRun } from "../../engine/record/find-run.ts";
import { type Following, followBytes, followEvents } from "../../engine/record/follow.ts";
import { readClaim } from "../../engine/run/claim.ts";
import { runFolderAt } from "../../engine/run/run-folder.ts";
import { placeOfRun } from "../../ledger/runs/runs.ts";
import { styleOf } from "../color.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";
import { jsonLine } from "../output.ts";
import { createTranscript, factsOf } from "../run-transcript.ts";
import { safeText, visible } from "../terminal-text.ts";

interface Options {
	readonly follow?: boolean;
	readonly raw?: boolean;
}

export async function run(context: CommandContext, args: readonly string[], options: Options): Promise<CommandResult> {
	const app = await openFor(context, "run logs");
	const found = findRun(app.ledger, args[0] as string);
	const stop = new AbortController();
	const release = context.io.onInterrupt(() => stop.abort());
	const isLive = () => readClaim(app.workspace.stateDir, found.taskId)?.runId === found.runId;
	const following: Following = {
		goesOn: () => options.follow === true && !context.io.stdout.closed && isLive(),
		stop: stop.signal,
	};
	try {
		if (options.raw === true) await printRaw(context, app, found, following);
		else await printEvents(context, app, found, following);
	} finally {
		release();
	}
	const { runId, taskId } = found;
	const exitCode = stop.signal.aborted ? 130 : 0;
	return { kind: "run.logs", data: { runId, taskId }, human: () => "", streamed: true, exitCode };
}

async function printEvents(context: CommandContext, app: App, found: FoundRun, following: Following): Promise<void> {
	const { io, flags } = context;
	const style = styleOf(io.stdout, io.env, flags.color && !flags.plain);
	const local = runFolderAt(app.workspace.stateDir, found.runId).events;
	const recorded = join(app.workspace.root, placeOfRun(app.workspace.root, found.taskId, found.runId), "events.jsonl");
	const path = existsSync(local) || !existsSync(recorded) ? local : recorded;
	if (found.live === null && !existsSync(path)) throw notHere(found, "events");
	const transcript = createTranscript(style);
	for await (const event of followEvents(path, following)) {
		io.stdout.write(flags.json ? jsonLine(event) : flags.plain ? plainLine(event) : transcript.add(event));
		if (io.stdout.closed) return;
	}
	io.stdout.write(transcript.end());
}

/** One line for each event, for scripts that read lines. */
function plainLine({ ts, type, data }: RunEvent): string {
	return `${ts}\t${type}\t${visible(factsOf(data))}\n`;
}

async function printRaw(context: CommandContext, app: App, found: FoundRun, following: Following): Promise<void> {
	const { stdout, stderr } = runFolderAt(app.workspace.stateDir, found.runId);
	if (found.live === null && !existsSync(stdout) && !existsSync(stderr)) throw notHere(found, "raw output");
	const copy = async (path: string, stream: CommandContext["io"]["stdout"]) => {
		const decoder = new TextDecoder();
		for await (const piece of followBytes(path, following)) {
			// On a terminal the bytes are a stranger's words: shown, not obeyed.
			stream.write(stream.isTTY ? safeText(decoder.decode(piece, { stream: true }), false) : piece);
			if (stream.closed) return;
		}
	};
	await Promise.all([copy(stdout, context.io.stdout), copy(stderr, context.io.stderr)]);
}

function notHere(found: FoundRun, what: string): MsgcodeError {
	return new MsgcodeError("run_not_found", `The ${what} of ${found.runId} are not on this machine.`, {
		hint: `They stay where the run was made; \`msgcode run show ${found.runId}\` shows its receipt.`,
	});
}
