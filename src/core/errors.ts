// The one error class and the one table of codes. A code names a kind of failure; its row gives the exit code,
// the HTTP status and the default hint. lower_snake = refused before a run exists; UPPER_SNAKE = recorded on a run.

export const EXIT = {
	ok: 0,
	failed: 1,
	usage: 2,
	notFound: 3,
	conflict: 4,
	busy: 5,
	notPermitted: 6,
	damaged: 7,
	bug: 70,
	timedOut: 124,
	interrupted: 130,
} as const;

interface ErrorRow {
	readonly exit: number;
	readonly http: number;
	/** What the code means, as docs/cli.md prints it; also the message of a run that ends with it. */
	readonly means: string;
	/** The way out, when the place that throws has none of its own. */
	readonly hint?: string;
}

export const errorTable = {
	// Usage
	usage: { exit: 2, http: 400, means: "The command line is not valid.", hint: "msgcode --help" },
	input_invalid: { exit: 2, http: 400, means: "A value is not valid." },
	task_invalid_spec: { exit: 2, http: 422, means: "The task's definition is not valid." },
	limit_exceeded: { exit: 2, http: 413, means: "A value is larger than the ledger accepts." },
	settings_invalid: { exit: 2, http: 422, means: "msgcode.toml or a setting is not valid." },
	runner_required: {
		exit: 2,
		http: 422,
		means: "The task names no runner and runner.default is not set.",
		hint: "Give the task a runner (`msgcode task edit <id> --runner shell -- <argv>`) or run it once with `-- <argv>`.",
	},
	runner_unknown: { exit: 2, http: 422, means: "No runner of that kind is registered." },
	runner_unavailable: {
		exit: 1,
		http: 503,
		means: "No runner that could be chosen works here.",
		hint: "Look at them with `msgcode runner list`, then set runner.default or give the task a runner.",
	},
	sandbox_unavailable: {
		exit: 1,
		http: 503,
		means: "The sandbox that runner.sandbox asks for cannot be used here.",
		hint: 'Install it, or set runner.sandbox = "off" and know that a worktree is not a sandbox.',
	},
	template_invalid: { exit: 2, http: 422, means: "The template is not valid, or a variable of it is missing." },
	confirmation_required: {
		exit: 2,
		http: 409,
		means: "The command needs a yes and nobody is there to give it.",
		hint: "Add --yes, or run it at a terminal.",
	},
	// Not found
	workspace_not_found: {
		exit: 3,
		http: 404,
		means: "No folder from here upward holds a ledger.",
		hint: "Run `msgcode init` in a git repository, or name a workspace with -C.",
	},
	repository_not_found: {
		exit: 3,
		http: 404,
		means: "The folder is not inside a git repository.",
		hint: "Run `git init` first.",
	},
	task_not_found: { exit: 3, http: 404, means: "No task has that id.", hint: "msgcode task list --all" },
	task_ambiguous: { exit: 3, http: 409, means: "More than one task id starts like that." },
	run_not_found: { exit: 3, http: 404, means: "No run has that id.", hint: "msgcode run list" },
	run_ambiguous: { exit: 3, http: 409, means: "More than one run id starts like that." },
	template_not_found: { exit: 3, http: 404, means: "There is no such template.", hint: "msgcode template list" },
	question_not_found: { exit: 3, http: 404, means: "No run asks that.", hint: "msgcode human list" },
	question_ambiguous: {
		exit: 3,
		http: 409,
		means: "More than one waiting question is meant.",
		hint: "msgcode human list",
	},
	worktree_not_found: { exit: 3, http: 404, means: "The task has no worktree.", hint: "msgcode task worktree list" },
	revision_not_found: { exit: 3, http: 404, means: "git knows no such revision." },
	// Conflict
	task_transition: { exit: 4, http: 409, means: "The task's status does not allow that." },
	task_exists: { exit: 4, http: 409, means: "A task with that id exists." },
	task_running: {
		exit: 4,
		http: 409,
		means: "The task has a live run.",
		hint: "Follow it with `msgcode run logs -f <run>` or stop it with `msgcode run cancel <run>`.",
	},
	question_answered: { exit: 4, http: 409, means: "The question was answered already." },
	question_expired: { exit: 124, http: 408, means: "Nobody answered the question in the time that it had." },
	session_busy: {
		exit: 4,
		http: 409,
		means: "Another run is at work in the runner's session.",
		hint: "Wait for it, or give the task `runner.session: isolated`.",
	},
	dependency_cycle: { exit: 4, http: 409, means: "The dependency would close a circle." },
	staged_differently: {
		exit: 4,
		http: 409,
		means: "A ledger file is staged with other content than the folder has.",
		hint: "Unstage it (`git restore --staged <file>`) or commit it, then run the command again.",
	},
	ledger_path_taken: { exit: 4, http: 409, means: "Something else occupies a path that the ledger needs." },
	worktree_dirty: { exit: 4, http: 409, means: "Uncommitted work is in the way." },
	worktree_kept: { exit: 4, http: 409, means: "The worktree holds work that is kept nowhere else." },
	worktree_unreadable: { exit: 4, http: 409, means: "The worktree cannot be read, so nothing about it is assumed." },
	patch_conflict: { exit: 4, http: 409, means: "The patch does not apply to the checked-out branch." },
	patch_withheld: { exit: 4, http: 409, means: "The run's patch is withheld because a secret was found in it." },
	nothing_to_land: { exit: 4, http: 409, means: "The run changed nothing." },
	already_landed: { exit: 4, http: 409, means: "The run has landed already." },
	already_rejected: { exit: 4, http: 409, means: "The run was rejected already." },
	nothing_withheld: { exit: 4, http: 409, means: "The run's patch is not withheld because of a secret." },
	run_ended: { exit: 4, http: 409, means: "The run has ended already." },
	hook_failed: { exit: 4, http: 409, means: "A hook of the repository refused the landing." },
	sync_refused: { exit: 4, http: 409, means: "The branch cannot be synchronised without touching other work." },
	merge_failed: { exit: 4, http: 409, means: "Two versions of a file could not be merged; nothing was written." },
	nothing_to_undo: { exit: 4, http: 409, means: "There is nothing to undo." },
	undo_refused: { exit: 4, http: 409, means: "That commit is not one that msgcode undoes." },
	undo_conflict: { exit: 4, http: 409, means: "Later changes stand on top of what is to be undone." },
	backup_refused: {
		exit: 4,
		http: 409,
		means: "A backup of this repository could not be whole, or its place is taken.",
	},
	fix_outdated: {
		exit: 4,
		http: 409,
		means: "A file changed between the look at it and its mending.",
		hint: "Look again: msgcode doctor --fix",
	},
	branch_moved: { exit: 4, http: 409, means: "The branch moved while the command ran, again and again." },
	// Locked or busy
	ledger_locked: { exit: 5, http: 423, means: "Another command holds the ledger's lock." },
	index_locked: { exit: 5, http: 423, means: "git's index.lock is held by another git process." },
	ref_locked: {
		exit: 5,
		http: 423,
		means: "The branch's lock file is held by another git process.",
		hint: "Wait for that git command. If none is running, git itself says which file is in the way: try `git fetch`.",
	},
	git_busy: {
		exit: 5,
		http: 423,
		means: "A merge, rebase, cherry-pick, revert or bisect is in progress.",
		hint: "Finish or abort it, then run the command again.",
	},
	// Not permitted
	approval_required: {
		exit: 6,
		http: 403,
		means: "What the task would execute has not been approved on this machine.",
		hint: "Look at it with `msgcode task show <id>`, then `msgcode task approve <id>`.",
	},
	path_outside: { exit: 6, http: 403, means: "A path leads out of the folder that it must stay in." },
	// Damaged
	ledger_damaged: { exit: 7, http: 500, means: "A ledger file cannot be read.", hint: "msgcode doctor" },
	// Environment and failures
	git_failed: { exit: 1, http: 500, means: "A git command failed." },
	git_missing: { exit: 1, http: 500, means: "git is not installed or too old.", hint: "Install git 2.38 or newer." },
	git_identity: {
		exit: 1,
		http: 500,
		means: "git does not know who commits.",
		hint: 'Set it: `git config user.name "…"` and `git config user.email "…"`.',
	},
	remote_failed: {
		exit: 1,
		http: 502,
		means: "The git remote could not be reached or did not answer well.",
		hint: "See what git itself says: `git fetch`.",
	},
	signing_failed: { exit: 1, http: 500, means: "git could not sign the commit." },
	file_failed: { exit: 1, http: 500, means: "A file could not be read or written." },
	disk_full: { exit: 1, http: 507, means: "The disk is full.", hint: "Free some space, then run the command again." },
	read_only: { exit: 1, http: 500, means: "The folder cannot be written to." },
	editor_failed: { exit: 1, http: 500, means: "The editor did not end well; nothing was changed." },
	internal: { exit: 70, http: 500, means: "A bug in msgcode." },
	interrupted: { exit: 130, http: 499, means: "Interrupted." },
	// Recorded on a run
	RUNNER_NOT_FOUND: { exit: 1, http: 200, means: "The runner's program was not found." },
	RUNNER_NOT_STARTED: { exit: 1, http: 200, means: "The runner's program could not be started." },
	RUNNER_FAILED: { exit: 1, http: 200, means: "The runner ended with a failure." },
	RUNNER_CRASHED: { exit: 1, http: 200, means: "The runner was ended by a signal that msgcode did not send." },
	RUNNER_INCOMPLETE: { exit: 1, http: 200, means: "The runner stopped before it was done." },
	RUNNER_OUTPUT_INVALID: { exit: 1, http: 200, means: "What the runner gave back cannot be used." },
	RUNNER_UNREACHABLE: { exit: 1, http: 200, means: "The runner's service could not be reached." },
	AUTH_MISSING: { exit: 1, http: 200, means: "The runner is not signed in, or its key was refused." },
	TRUST_REQUIRED: { exit: 1, http: 200, means: "The runner does not trust the folder that it was to work in." },
	COOLDOWN: { exit: 1, http: 200, means: "The runner has reached a usage limit." },
	TMUX_SESSION_DEAD: { exit: 1, http: 200, means: "There is no tmux session for the route; start it first." },
	PAYLOAD_EMPTY: {
		exit: 1,
		http: 200,
		means: "The task has nothing that the runner could work on: no text, no files.",
	},
	ROUTE_NOT_FOUND: { exit: 1, http: 200, means: "The task has no route that the runner could send to." },
	RUN_LIMIT_EXCEEDED: { exit: 1, http: 200, means: "The run used more than its limits allow." },
	RUN_TIMEOUT: {
		exit: 124,
		http: 200,
		means: "The run took longer than its timeout, or was idle for longer than it may.",
	},
	RUN_CANCELED: { exit: 130, http: 200, means: "The run was canceled." },
	RUN_ABORTED_BY_RESTART: { exit: 1, http: 200, means: "The process that supervised the run died." },
	CHECKS_FAILED: { exit: 1, http: 200, means: "A check of the task failed." },
	SECRET_FOUND: { exit: 1, http: 200, means: "The result holds what looks like a secret and was withheld." },
	COLLECT_FAILED: { exit: 1, http: 200, means: "The result could not be collected; the worktree was kept." },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;

export interface ErrorExtras {
	readonly hint?: string | undefined;
	readonly details?: Readonly<Record<string, unknown>> | undefined;
	readonly cause?: unknown;
}

/** Every failure that a user can meet. `message` names the thing, `hint` the way out. */
export class MsgcodeError extends Error {
	readonly code: ErrorCode;
	readonly hint: string | undefined;
	readonly details: Readonly<Record<string, unknown>> | undefined;

	constructor(code: ErrorCode, message: string, extras: ErrorExtras = {}) {
		super(message, extras.cause === undefined ? undefined : { cause: extras.cause });
		this.name = "MsgcodeError";
		this.code = code;
		this.hint = extras.hint ?? errorRow(code).hint;
		this.details = extras.details;
	}

	get exitCode(): number {
		return errorRow(this.code).exit;
	}
}

export function errorRow(code: ErrorCode): ErrorRow {
	return errorTable[code];
}

/** What a file system error becomes: full disk, read-only folder, or a plain failure that names the path. */
export function fileError(action: string, path: string, cause: unknown): MsgcodeError {
	const errno = (cause as NodeJS.ErrnoException).code ?? "";
	if (errno === "ENOSPC" || errno === "EDQUOT") {
		return new MsgcodeError("disk_full", `No space left: could not ${action} ${path}.`, { cause });
	}
	if (errno === "EROFS" || errno === "EACCES" || errno === "EPERM") {
		return new MsgcodeError("read_only", `Not allowed to ${action} ${path} (${errno}).`, {
			cause,
			hint: "Check the folder's owner and permissions.",
		});
	}
	return new MsgcodeError("file_failed", `Could not ${action} ${path}: ${(cause as Error).message}`, { cause });
}
