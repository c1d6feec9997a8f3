// The flags of `task add` and `task edit` as front matter values, read through the ledger's table of keys.
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { fileError, MsgcodeError } from "../core/errors.ts";
import { LIMITS } from "../ledger/limits.ts";
import { writtenForm } from "../ledger/task/definition.ts";
import { parseFlagValue, runnerFromFlags } from "../ledger/task/definition-flags.ts";
import { definitionKeys } from "../ledger/task/definition-keys.ts";
import type { CommandContext } from "./command.ts";

type Options = Readonly<Record<string, unknown>>;

/** The keys that flags name, with their values; undefined takes a key away. `before` is the runner as it stands; keys in `without` are left. */
export function keysFromFlags(
	context: CommandContext,
	options: Options,
	before?: Readonly<Record<string, unknown>>,
	without: readonly string[] = [],
): Record<string, unknown> {
	const keys: Record<string, unknown> = {};
	for (const { key, flag } of definitionKeys) {
		if (key === "runner" || without.includes(key)) continue;
		const raw = options[optionName(flag)];
		if (raw === undefined) continue;
		keys[key] = typeof raw === "boolean" ? raw : parseFlagValue(key, raw as string | readonly string[]);
	}
	if (options.chatGuid !== undefined) Object.assign(keys, routeOfChat(options));
	const text = (name: string) => options[name] as string | undefined;
	const asked = options.runner as string | readonly string[] | undefined;
	const kind = Array.isArray(asked) ? (asked.at(-1) as string) : (asked as string | undefined);
	const runner = runnerFromFlags(
		{
			runner: kind ?? kindOfChat(context, options, before),
			model: text("model"),
			runnerEnv: options.runnerEnv as readonly string[] | undefined,
			script: text("script"),
			shell: text("shell"),
			argv: context.argv ?? undefined,
			permission: text("permission"),
			session: text("session"),
			mode: text("mode"),
			maxTurns: text("maxTurns"),
			idleTimeout: text("idleTimeout"),
			waitForReply: text("waitForReply"),
		},
		// As it would stand in a file: what is kept of it is written back.
		before === undefined ? undefined : (writtenForm("runner", before) as Readonly<Record<string, unknown>>),
	);
	if (runner !== undefined) keys.runner = runner;
	return keys;
}

/** The chat as the one form in which a route is kept; no chat takes the route away. */
function routeOfChat({ chatGuid, route }: Options): Record<string, unknown> {
	if (route !== undefined) {
		throw new MsgcodeError("usage", "--chat-guid and --route exclude each other.", { hint: "Give one of them." });
	}
	return { chatGuid: undefined, route: chatGuid === "" ? undefined : parseFlagValue("route", `tmux:${chatGuid}`) };
}

/** A chat without another word about the runner is one that the task's text is sent into. */
function kindOfChat(context: CommandContext, options: Options, before: unknown): "tmux" | undefined {
	const command = (context.argv?.length ?? 0) > 0 || options.script !== undefined;
	return options.chatGuid === undefined || options.chatGuid === "" || command || before !== undefined
		? undefined
		: "tmux";
}

/** The prompt from --prompt or --prompt-file (`-` is standard input); undefined when neither is given. */
export async function promptFromFlags(context: CommandContext, options: Options): Promise<string | undefined> {
	const { prompt, promptFile } = options as { prompt?: string; promptFile?: string };
	if (prompt !== undefined && promptFile !== undefined) {
		throw new MsgcodeError("usage", "--prompt and --prompt-file exclude each other.", { hint: "Give one of them." });
	}
	if (prompt !== undefined) return prompt;
	if (promptFile === undefined) return undefined;
	return promptFile === "-" ? context.io.stdin.readAll() : readUserFile(context, promptFile);
}

/** A file that the user names, as text; relative to the folder that the command was started in. */
export function readUserFile(context: CommandContext, name: string): string {
	const path = resolve(context.io.cwd, name);
	try {
		const { size } = statSync(path);
		if (size > LIMITS.bodyBytes + LIMITS.frontMatterBytes) {
			throw new MsgcodeError("limit_exceeded", `${name} has ${size} bytes; at most ${LIMITS.bodyBytes} are kept.`, {
				hint: "Put the long part into a file of the repository and name it with --file.",
			});
		}
		return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
	} catch (cause) {
		if (cause instanceof MsgcodeError) throw cause;
		if (cause instanceof TypeError) throw new MsgcodeError("input_invalid", `${name} is not UTF-8 text.`, { cause });
		if ((cause as NodeJS.ErrnoException).code === "ENOENT")
			throw new MsgcodeError("input_invalid", `There is no file ${name}.`, { cause });
		throw fileError("read", path, cause);
	}
}

function optionName(flag: string): string {
	return flag.replace(/^--/, "").replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
