// The one table of front matter keys: what a person may decide about a task. Validation, the flags of `task add` and
// `task edit`, and the documentation of the file format are read from it; its order is the order in new files.

export type DefinitionKind = "string" | "integer" | "boolean" | "list" | "object" | "duration" | "time";

export interface DefinitionKey {
	readonly key: string;
	/** As typed on the command line. A list's flag, and an object's `key=value` pairs, may be repeated. */
	readonly flag: string;
	readonly kind: DefinitionKind;
	readonly help: string;
	/** Where one flag may carry several elements of a list. */
	readonly separator?: ",";
}

export const definitionKeys = [
	{
		key: "title",
		flag: "--title",
		kind: "string",
		help: "What is to be achieved, in one line of at most 500 characters",
	},
	{ key: "priority", flag: "--priority", kind: "integer", help: "1 to 10, 10 is first; default 5" },
	{ key: "labels", flag: "--label", kind: "list", separator: ",", help: "Words to find the task by" },
	{ key: "assignee", flag: "--assignee", kind: "string", help: "Who is to do it" },
	{ key: "convoy", flag: "--convoy", kind: "string", help: "The set of tasks that it moves with" },
	{ key: "dependsOn", flag: "--depends-on", kind: "list", separator: ",", help: "Ids of tasks that come first" },
	{
		key: "runIf",
		flag: "--run-if",
		kind: "string",
		help: "When those ended with: success, failure, always; default success",
	},
	{
		key: "deferUntil",
		flag: "--defer-until",
		kind: "time",
		help: "Not before this time: ISO-8601 with Z or an offset",
	},
	{
		key: "runner",
		flag: "--runner",
		kind: "object",
		help: "What executes it: kind, model, args, script, shell, env, permission, session, mode, maxTurns, idleTimeout, waitForReply",
	},
	{ key: "files", flag: "--file", kind: "list", help: "Paths that matter for it, relative to the workspace" },
	{ key: "worktree", flag: "--worktree", kind: "boolean", help: "Whether a run gets a worktree of its own" },
	{
		key: "checks",
		flag: "--check",
		kind: "list",
		help: "Commands that must succeed after a run: text for a shell, or a JSON list",
	},
	{ key: "timeout", flag: "--timeout", kind: "duration", help: "How long one attempt may take, 1s to 24h" },
	{
		key: "retry",
		flag: "--retry",
		kind: "object",
		help: "maxAttempts, strategy, initial, max, multiplier, jitter, delays",
	},
	{ key: "limits", flag: "--limits", kind: "object", help: "memoryMb, cpuPercent, diskMb" },
	{ key: "schedule", flag: "--schedule", kind: "object", help: "cron with tz, every, or at; enabled; misfire" },
	{ key: "notify", flag: "--notify", kind: "object", help: "onStart, onSuccess, onFailure, onComplete, channels" },
	{ key: "delivery", flag: "--delivery", kind: "object", help: "mode, bestEffort, maxChars" },
	{ key: "sensitive", flag: "--sensitive", kind: "boolean", help: "Keep what the runner says out of committed files" },
	{ key: "closeOn", flag: "--close-on", kind: "string", help: "success: a run that succeeds closes the task" },
	{ key: "template", flag: "--template", kind: "string", help: "The template that it is made from" },
	{ key: "with", flag: "--with", kind: "object", help: "The template's variables" },
	{ key: "route", flag: "--route", kind: "string", help: "Where it came from or its result goes, as channel:target" },
	{
		key: "chatGuid",
		flag: "--chat-guid",
		kind: "string",
		help: "The same as route tmux:<chat>; alone, its runner is tmux",
	},
] as const satisfies readonly DefinitionKey[];

export type DefinitionKeyName = (typeof definitionKeys)[number]["key"];

/** The flags that make up the runner, besides the argv behind `--`, which becomes runner.args. */
export const runnerFlags = [
	{ flag: "--runner", field: "kind", help: "The kind of runner; shell where only a command is given" },
	{ flag: "--model", field: "model", help: "The model, for runners that have one" },
	{ flag: "--runner-env", field: "env", help: "NAME=value for the runner's environment; may be repeated" },
	{ flag: "--script", field: "script", help: "A script for the shell runner" },
	{ flag: "--shell", field: "shell", help: "The shell that runs the script" },
	{ flag: "--permission", field: "permission", help: "What the runner may do: read-only, edit or full; default edit" },
	{ flag: "--session", field: "session", help: "main: go on in the runner's last session; default isolated" },
	{ flag: "--mode", field: "mode", help: "What a model gives back: text or diff; default text" },
	{ flag: "--max-turns", field: "maxTurns", help: "After how many turns an agent has to stop" },
	{ flag: "--idle-timeout", field: "idleTimeout", help: "How long it may be silent and change nothing, or off" },
	{
		flag: "--wait-for-reply",
		field: "waitForReply",
		help: "How long to wait for an answer, for runners that send text",
	},
] as const;

/** Keys of the record, and what is derived: a person changes them through commands only. */
const machineOwned: Readonly<Record<string, string>> = {
	status: "`msgcode task close`, `task block` or `task reopen`",
	blocked: "`msgcode task block`",
	closed: "`msgcode task close` or `task reopen`",
	removed: "`msgcode task rm`",
	createdAtMs: "nothing: the first commit of the task sets it",
	updatedAtMs: "nothing: it is derived from the files",
	schemaVersion: "nothing: msgcode writes it",
	workspace: "`msgcode -C <workspace>` to name the workspace",
	running: "`msgcode task run` or `run cancel`",
	runs: "`msgcode run list`",
	outputs: "`msgcode task show`, which derives it from the runs",
	notes: "the body of the file",
	landings: "`msgcode task apply`",
	inputs: "the body for the prompt, and the key `files`",
};

/** What to use instead of a machine-owned key, or null for any other key. */
export function ownerOf(key: string): string | null {
	return Object.hasOwn(machineOwned, key) ? (machineOwned[key] ?? null) : null;
}

export function isDefinitionKey(key: string): key is DefinitionKeyName {
	return definitionKeys.some((row) => row.key === key);
}

/** The known key that differs from this one only in case, `-` or `_`, or in a plural s; null if there is none. */
export function similarKey(key: string): DefinitionKeyName | null {
	const plain = (text: string) => text.toLowerCase().replaceAll(/[-_]|s$/g, "");
	return definitionKeys.find((row) => plain(row.key) === plain(key))?.key ?? null;
}
