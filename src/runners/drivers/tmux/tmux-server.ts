// The calls of tmux that the driver makes, each an argv without a shell.
// Invariant: no call starts a server, and a session is found by its exact name only.

import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { launch } from "../../../core/launch.ts";

export interface TmuxPlace {
	readonly cwd: string;
	/** TMUX_TMPDIR and TMUX in it choose the server, as for the user's own `tmux`. */
	readonly env: Readonly<Record<string, string>>;
}

export interface Pane {
	/** `%3`: names this pane whatever becomes the active one. */
	readonly id: string;
	/** Its program has ended. */
	readonly dead: boolean;
	/** It takes no input (`select-pane -d`). */
	readonly inputOff: boolean;
}

export type PaneAnswer = Pane | { readonly missing: "tmux" | "server" | "session" };

interface Answer {
	/** Null: there is no such program. */
	readonly code: number | null;
	readonly stdout: string;
}

/** The active pane of the session. */
export async function findPane(place: TmuxPlace, session: string): Promise<PaneAnswer> {
	const form = "#{pane_id}\t#{pane_dead}\t#{pane_input_off}";
	const { code, stdout } = await tmux(place, ["display-message", "-p", "-t", `=${session}:`, form]);
	if (code === null) return { missing: "tmux" };
	if (code !== 0) return { missing: "server" };
	// Without a session of that name, tmux answers all the same, with nothing in it.
	const [id = "", dead, inputOff] = stdout.trimEnd().split("\t");
	if (!/^%\d+$/.test(id)) return { missing: "session" };
	return { id, dead: dead === "1", inputOff: inputOff === "1" };
}

/**
 * Puts the text into the pane's input, byte for byte: as one bracketed paste where the program there asks for that. It goes
 * past copy mode, which a key would not. False when the pane is gone.
 */
export async function paste(place: TmuxPlace, pane: string, text: string, buffer: string): Promise<boolean> {
	const loaded = await tmux(place, ["load-buffer", "-b", buffer, "-"], text);
	if (loaded.code !== 0) return false;
	// -r: line feeds stay line feeds. -d: the buffer goes with the paste.
	const pasted = await tmux(place, ["paste-buffer", "-p", "-r", "-d", "-b", buffer, "-t", pane]);
	if (pasted.code !== 0) await tmux(place, ["delete-buffer", "-b", buffer]);
	return pasted.code === 0;
}

/** The Enter key, whatever mode the pane is in: send-keys would give it to copy mode. */
export async function pressEnter(place: TmuxPlace, pane: string, buffer: string): Promise<boolean> {
	const loaded = await tmux(place, ["load-buffer", "-b", buffer, "-"], "\r");
	if (loaded.code !== 0) return false;
	const pasted = await tmux(place, ["paste-buffer", "-r", "-d", "-b", buffer, "-t", pane]);
	if (pasted.code !== 0) await tmux(place, ["delete-buffer", "-b", buffer]);
	return pasted.code === 0;
}

/** What the pane shows, with its history where `whole`; null when it is gone. */
export async function capture(place: TmuxPlace, pane: string, whole: boolean): Promise<string | null> {
	const history = whole ? ["-S", "-"] : [];
	const { code, stdout } = await tmux(place, ["capture-pane", "-p", "-J", ...history, "-t", pane]);
	return code === 0 ? stdout : null;
}

async function tmux(place: TmuxPlace, args: readonly string[], stdin: string | null = null): Promise<Answer> {
	// -u: what is not ASCII comes back as it is.
	const child = await launch({ argv: ["tmux", "-u", ...args], cwd: place.cwd, env: place.env, stdin });
	if ("error" in child) return { code: null, stdout: "" };
	child.stderr.resume();
	const ended = once(child, "exit");
	const stdout = (await buffer(child.stdout)).toString("utf8");
	const [code] = (await ended) as [number | null];
	return { code: code ?? 1, stdout };
}
