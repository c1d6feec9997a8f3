// Every environment variable that msgcode reads or sets, named once, and what a runner may see of the environment.
// A runner gets an allow-list, never the whole: no variable reaches it because nobody thought of it.

import { MsgcodeError } from "../core/errors.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

interface VariableRow {
	readonly meaning: string;
	/** "user": read by msgcode; "run": set by msgcode for the programs of a run; "git": for its own calls of git. */
	readonly setBy: "user" | "run" | "git";
	/** The setting that it overrides. */
	readonly setting?: string;
}

export const environmentNames = {
	MSGCODE_ACTOR: { setBy: "user", meaning: "Who acts, when --actor is not given; else git's user.name." },
	MSGCODE_CONFIG_DIR: { setBy: "user", meaning: "The folder of the user's own settings and of the daemon's files." },
	MSGCODE_FAILPOINT: { setBy: "user", meaning: "For tests: where this process is to die or to fail." },
	MSGCODE_WORKSPACE: {
		setBy: "user",
		setting: "workspace.default",
		meaning: "The workspace, when the current folder is in none. Programs of a run find theirs here.",
	},
	MSGCODE_LEDGER_COMMIT: { setBy: "user", setting: "ledger.commit", meaning: "auto, stage or off." },
	MSGCODE_LEDGER_LOCK_TIMEOUT: { setBy: "user", setting: "ledger.lock_timeout", meaning: "How long to wait." },
	MSGCODE_LEDGER_SIGN: { setBy: "user", setting: "ledger.sign", meaning: "Whether ledger commits are signed." },
	MSGCODE_LEDGER_EVENTS: { setBy: "user", setting: "ledger.events", meaning: "local or commit." },
	MSGCODE_LEDGER_ARCHIVE_AFTER: {
		setBy: "user",
		setting: "ledger.archive_after",
		meaning: "How long a closed task stays in the live folder, or off.",
	},
	MSGCODE_RUNNER_DEFAULT: { setBy: "user", setting: "runner.default", meaning: "The runner of a task without one." },
	MSGCODE_RUNNER_SANDBOX: { setBy: "user", setting: "runner.sandbox", meaning: "off, bubblewrap or systemd-run." },
	MSGCODE_RUNNER_MODEL_ROOT: {
		setBy: "user",
		setting: "runner.model_root",
		meaning: "The folder of local models, for runners that name {MODEL_ROOT}.",
	},
	MSGCODE_RUNNER_SESSION_TIMEOUT: {
		setBy: "user",
		setting: "runner.session_timeout",
		meaning: "How long after its last use a runner's main session goes on.",
	},
	MSGCODE_RUN_IDLE_TIMEOUT: {
		setBy: "user",
		setting: "run.idle_timeout",
		meaning: "How long a run may neither say anything nor change a file, or off.",
	},
	MSGCODE_RUN_TIMEOUT: { setBy: "user", setting: "run.timeout", meaning: "The timeout of a task without one." },
	MSGCODE_ENV_ALLOW: { setBy: "user", setting: "env.allow", meaning: "More variables for runners, by commas." },
	MSGCODE_TASK_ID: { setBy: "run", meaning: "The task that is being run." },
	MSGCODE_RUN_ID: { setBy: "run", meaning: "The run." },
	MSGCODE_ATTEMPT: { setBy: "run", meaning: "The number of the attempt, from 1." },
	MSGCODE_RUN_DIR: { setBy: "run", meaning: "The run's folder." },
	MSGCODE_EVIDENCE_DIR: { setBy: "run", meaning: "Where evidence goes, for a runner whose record asks for it." },
	MSGCODE_GIT_OF: { setBy: "git", meaning: "Set for git: the msgcode process that started it." },
	MSGCODE_TASK_FILE: { setBy: "run", meaning: "The task's Markdown file." },
	NO_COLOR: { setBy: "user", meaning: "Any value: no colour." },
	VISUAL: { setBy: "user", meaning: "The editor of `task edit`, before EDITOR." },
	EDITOR: { setBy: "user", meaning: "The editor of `task edit`." },
} as const satisfies Record<string, VariableRow>;

/** Variables that set a setting, with that setting's key. */
export function settingVariables(): { readonly name: string; readonly setting: string }[] {
	const rows: [string, VariableRow][] = Object.entries(environmentNames);
	return rows.flatMap(([name, row]) => (row.setting === undefined ? [] : [{ name, setting: row.setting }]));
}

/** What every runner may see. `X_*` stands for all names that begin with `X_`. */
export const RUNNER_ALLOW_LIST: readonly string[] = [
	"PATH",
	"HOME",
	"USER",
	"LOGNAME",
	"SHELL",
	"LANG",
	"LANGUAGE",
	"LC_*",
	"TZ",
	"TERM",
	"COLORTERM",
	"NO_COLOR",
	"TMPDIR",
	"SSH_AUTH_SOCK",
	"XDG_CONFIG_HOME",
	"XDG_DATA_HOME",
	"XDG_STATE_HOME",
	"XDG_CACHE_HOME",
	"XDG_RUNTIME_DIR",
	"HTTP_PROXY",
	"HTTPS_PROXY",
	"ALL_PROXY",
	"NO_PROXY",
	"http_proxy",
	"https_proxy",
	"all_proxy",
	"no_proxy",
	"SSL_CERT_FILE",
	"SSL_CERT_DIR",
	"NODE_EXTRA_CA_CERTS",
	"MSGCODE_CONFIG_DIR",
];

/** A name, or the beginning of names and a star. */
export const ENVIRONMENT_PATTERN = /^[A-Za-z_][A-Za-z0-9_]{0,199}\*?$/;

export interface RunnerEnvironmentOptions {
	/** Names or patterns beside the allow-list. */
	readonly allow?: readonly string[];
	/** Variables with their values, which win. */
	readonly add?: Readonly<Record<string, string>>;
}

/**
 * The environment of a runner's program. Whatever is allowed or added, GIT_* (it could point git at another repository)
 * and MSGCODE_FAILPOINT never pass. Throws input_invalid for an added name or value that no process can have.
 */
export function runnerEnvironment(env: Environment, options: RunnerEnvironmentOptions = {}): Record<string, string> {
	const patterns = [...RUNNER_ALLOW_LIST, ...(options.allow ?? [])];
	const exact = new Set(patterns.filter((pattern) => !pattern.endsWith("*")));
	const prefixes = patterns.filter((pattern) => pattern.length > 1 && pattern.endsWith("*"));
	const isAllowed = (name: string) =>
		exact.has(name) || prefixes.some((pattern) => name.startsWith(pattern.slice(0, -1)));
	const result: [string, string][] = [];
	for (const [name, value] of Object.entries(env)) {
		if (value !== undefined && isAllowed(name) && !isForbidden(name)) {
			result.push([name, value]);
		}
	}
	for (const [name, value] of Object.entries(options.add ?? {})) {
		if (!/^[^=\0]+$/.test(name) || value.includes("\0")) {
			throw new MsgcodeError("input_invalid", `No process can have an environment variable ${JSON.stringify(name)}.`, {
				hint: "A name has no = sign, and neither name nor value has a NUL byte.",
			});
		}
		if (!isForbidden(name)) {
			result.push([name, value]);
		}
	}
	return Object.fromEntries(result);
}

function isForbidden(name: string): boolean {
	return name.startsWith("GIT_") || name === "MSGCODE_FAILPOINT";
}
