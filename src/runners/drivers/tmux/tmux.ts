// The driver of tmux: types a task's text into the live session of the task's route, and reads an answer where one is
// waited for. Invariant: it never starts a session, and it says ok only for a text that was delivered whole.

import { setTimeout as pause } from "node:timers/promises";
import type { Driver, DriverInput, DriverResult } from "../driver.ts";
import { failure } from "../outcome.ts";
import { capture, findPane, paste, pressEnter, type TmuxPlace } from "./tmux-server.ts";
import { groupNameOf, messageOf, replyIn } from "./tmux-text.ts";

/** A pane that has said something and then nothing new for this long has said all. */
const QUIET_MS = 3_000;
const POLL_MS = 200;
/** How long a program may take to draw what was pasted before Enter follows, so that Enter is not taken for a part of it. */
const DRAW_MS = 500;
/** How often a pane that goes on changing is a sign of life. */
const SIGN_MS = 10_000;

export const tmuxDriver: Driver = async (input) => {
	const { request, env } = input;
	const { route } = request.context;
	if (route == null) return failure("ROUTE_NOT_FOUND", {});
	if (route.channel !== "tmux" || route.target === "") return failure("ROUTE_NOT_FOUND", { channel: route.channel });
	const message = messageOf(request.payload.prompt);
	if ("refused" in message) {
		const { refused: reason, ...where } = message;
		return reason === "empty" ? failure("PAYLOAD_EMPTY", {}) : failure("RUNNER_FAILED", { reason, ...where });
	}
	const groupName = groupNameOf(route.target);
	const place: TmuxPlace = {
		cwd: request.workspacePath,
		env: Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)),
	};
	const pane = await findPane(place, groupName);
	if ("missing" in pane) return failure("TMUX_SESSION_DEAD", { groupName, missing: pane.missing });
	if (pane.dead) return failure("TMUX_SESSION_DEAD", { groupName, missing: "program" });
	if (pane.inputOff) return failure("RUNNER_FAILED", { groupName, reason: "pane takes no input" });
	const before = await deliver(place, pane.id, message.text, request.context.runId);
	if (before === null) return failure("TMUX_SESSION_DEAD", { groupName, missing: "pane" });
	const waitMs = request.constraints.waitForReplyMs;
	if (waitMs === undefined) return { status: "ok", details: { groupName, delivered: true } };
	return await awaitReply(input, { place, pane: pane.id, groupName, before, text: message.text, waitMs });
};

/** Pastes and presses Enter; gives what the pane held before, or null when it is gone. */
async function deliver(place: TmuxPlace, pane: string, text: string, runId: string): Promise<string | null> {
	const before = await capture(place, pane, true);
	const screen = await capture(place, pane, false);
	const buffer = `msgcode-${runId}`;
	if (before === null || !(await paste(place, pane, text, buffer))) return null;
	const deadline = performance.now() + DRAW_MS;
	while (performance.now() < deadline && (await capture(place, pane, false)) === screen) await pause(POLL_MS / 10);
	return (await pressEnter(place, pane, buffer)) ? before : null;
}

interface Delivered {
	readonly place: TmuxPlace;
	readonly pane: string;
	readonly groupName: string;
	readonly before: string;
	readonly text: string;
	readonly waitMs: number;
}

/** Reads the pane until it has said something and is quiet; ok needs both. */
async function awaitReply(
	{ emit, stop }: DriverInput,
	{ place, pane, groupName, before, text, waitMs }: Delivered,
): Promise<DriverResult> {
	const began = performance.now();
	const quietMs = Math.min(QUIET_MS, waitMs / 5);
	const sofar = { groupName, delivered: true };
	let screen: string | null = "";
	let changedAt = began;
	let signAt = began;
	let reply = "";
	for (let now = began; now - began < waitMs && !stop.aborted; now = performance.now()) {
		const next = await capture(place, pane, false);
		if (next === null) return failure("TMUX_SESSION_DEAD", { ...sofar, missing: "pane" });
		if (next !== screen) {
			screen = next;
			changedAt = now;
			if (now - signAt >= SIGN_MS) {
				signAt = now;
				emit({ type: "run.log", data: { stream: "stdout", text: "The pane is changing." } });
			}
		} else if (now - changedAt >= quietMs) {
			reply = replyIn(before, (await capture(place, pane, true)) ?? "", text);
			if (reply !== "") {
				say(emit, reply);
				return { status: "ok", details: { ...sofar, reply: true }, preview: reply };
			}
			changedAt = now;
		}
		await pause(POLL_MS);
	}
	reply = replyIn(before, (await capture(place, pane, true)) ?? "", text);
	if (reply !== "") say(emit, reply);
	return { ...failure("RUNNER_INCOMPLETE", { ...sofar, reply: reply !== "", waitedMs: waitMs }), preview: reply };
}

function say(emit: DriverInput["emit"], text: string): void {
	emit({ type: "message.delta", data: { text } });
	emit({ type: "message.stop", data: {} });
}
