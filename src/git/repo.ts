// Porcelain against a remote, through simple-git: where a branch goes, fetch, push, what is dirty.
// Invariant: nothing here forces a ref, touches a branch that was not named, or runs one of the user's hooks.
import type { SimpleGit } from "simple-git";
import { MsgcodeError } from "../core/errors.ts";
import { gitEnvironment } from "./plumbing.ts";
import { refuseNoRemote, withoutCredentials } from "./remote-address.ts";

export interface Upstream {
	/** The remote-tracking ref, `refs/remotes/origin/main`. */
	readonly ref: string;
	readonly remote: string;
	/** The branch on the remote, `refs/heads/main`. */
	readonly remoteRef: string;
	/** The tracking ref of the branch that a plain `git push` would update; null where it would push nothing. */
	readonly pushRef: string | null;
}

export interface DirtyPath {
	/** Relative to the repository's top folder. */
	readonly path: string;
	/** git's letters for the index and the checkout: " " is unchanged, "?" untracked. */
	readonly index: string;
	readonly checkout: string;
}

export interface Repo {
	remotes(): Promise<string[]>;
	/** null where the branch has no upstream. */
	upstreamOf(branchRef: string): Promise<Upstream | null>;
	/**
	 * Brings the upstream's commits and gives its tip. With `trackingRef` false the objects come, but no ref moves. Throws
	 * `sync_refused` where the remote has no such branch, `remote_failed` for everything else.
	 */
	fetch(upstream: Upstream, trackingRef: boolean): Promise<string>;
	/** Fast-forwards the remote's branch. "moved" where somebody was faster. Throws `sync_refused`, `remote_failed`. */
	push(upstream: Upstream, commit: string): Promise<"pushed" | "moved">;
	/** The refs of a remote that match git's pattern, with their ids. Throws `remote_failed`. */
	remoteRefs(remote: string, pattern: string): Promise<Map<string, string>>;
	/** Brings what the remote's refs hold; no ref moves. Throws `remote_failed`. */
	fetchObjects(remote: string, refs: readonly string[]): Promise<void>;
	/** Pushes `refspecs` as they are, many of them in several pushes. Throws `sync_refused` where the remote says no, `remote_failed`. */
	pushRefs(remote: string, refspecs: readonly string[]): Promise<void>;
	/** The remote's address without any credentials; null for a name that is not configured. */
	addressOf(remote: string): Promise<string | null>;
	/** Everything staged, changed or untracked, file by file. */
	dirtyPaths(): Promise<DirtyPath[]>;
}

const SETTINGS: readonly string[] = [
	"core.hooksPath=/dev/null",
	"core.fsmonitor=false",
	"gc.auto=0",
	"maintenance.auto=false",
	"core.fsync=all",
];

const FETCH_OPTIONS: readonly string[] = [
	"--quiet",
	"--no-tags",
	"--no-write-fetch-head",
	"--no-recurse-submodules",
	"--no-auto-maintenance",
];
const PUSH_OPTIONS: readonly string[] = ["--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no"];

/** Programs that git would start for a person to look at something. No call made here needs one. */
const INTERACTIVE = /^(?:EDITOR|VISUAL|PAGER|GIT_EDITOR|GIT_PAGER|GIT_SEQUENCE_EDITOR|PREFIX)$/i;

/** What the environment of the user's own shell may set: how git reaches a remote is theirs to say. */
const USERS_OWN = {
	allowUnsafeAlias: true,
	allowUnsafeAskPass: true,
	allowUnsafeCommandBinaries: true,
	allowUnsafeConfigEnvCount: true,
	allowUnsafeConfigPaths: true,
	allowUnsafeCredentialHelper: true,
	allowUnsafeDiffExternal: true,
	allowUnsafeDiffTextConv: true,
	allowUnsafeEditor: true,
	allowUnsafeExec: true,
	allowUnsafeFilter: true,
	allowUnsafeFsMonitor: true,
	allowUnsafeGitProxy: true,
	allowUnsafeGpgProgram: true,
	allowUnsafeHooksPath: true,
	allowUnsafeInclude: true,
	allowUnsafeMergeDriver: true,
	allowUnsafePack: true,
	allowUnsafePager: true,
	allowUnsafeProtocolOverride: true,
	allowUnsafeSshCommand: true,
	allowUnsafeSubmodule: true,
	allowUnsafeTemplateDir: true,
	allowUnsafeUrlRewrite: true,
};

/** The repository around `folder`, with the user's environment and configuration. */
export async function openRepo(env: Readonly<Record<string, string | undefined>>, folder: string): Promise<Repo> {
	const { GitError, simpleGit } = await import("simple-git");
	const environment = Object.fromEntries(
		Object.entries(gitEnvironment(env)).filter(([name]) => !INTERACTIVE.test(name)),
	);
	const git = simpleGit({
		baseDir: folder,
		config: [...SETTINGS],
		allowEnvironment: Object.keys(environment),
		unsafe: USERS_OWN,
		// Its default takes a process as ended 50 ms after `exit`, whether or not all output has come.
		completion: { onClose: true, onExit: false },
		maxConcurrentProcesses: 1,
	}).env(environment);

	/** git's stdout, or its own words (stdout and stderr) where it failed. */
	async function attempt(args: readonly string[]): Promise<{ readonly stdout: string } | { readonly failure: string }> {
		try {
			return { stdout: await git.raw([...args]) };
		} catch (error) {
			if (error instanceof GitError) return { failure: error.message.trim().slice(0, 4000) };
			throw error;
		}
	}

	return {
		async remotes() {
			return (await git.getRemotes()).map(({ name }) => name);
		},
		async upstreamOf(branchRef) {
			const fields = ["upstream", "upstream:remotename", "upstream:remoteref", "push"];
			const format = `--format=${fields.map((field) => `%(${field})`).join("%0a")}`;
			const answer = await attempt(["for-each-ref", format, branchRef]);
			const [ref = "", remote = "", remoteRef = "", pushRef = ""] = "stdout" in answer ? answer.stdout.split("\n") : [];
			if (ref === "" || remote === "" || remoteRef === "") return null;
			return { ref, remote, remoteRef, pushRef: pushRef === "" ? null : pushRef };
		},
		async fetch({ ref, remote, remoteRef }, trackingRef) {
			refuseNoRemote(remote);
			const dry = trackingRef ? [] : ["--dry-run"];
			const fetched = await attempt(["fetch", ...FETCH_OPTIONS, ...dry, remote, remoteRef]);
			if ("failure" in fetched) throw fetchFailure(remote, remoteRef, fetched.failure);
			const tip = trackingRef
				? await attempt(["rev-parse", "--verify", `${ref}^{commit}`])
				: await attempt(["ls-remote", "--exit-code", remote, remoteRef]);
			const oid = "stdout" in tip ? /^[0-9a-f]{40,64}/.exec(tip.stdout)?.[0] : undefined;
			if (oid !== undefined) return oid;
			throw new MsgcodeError("remote_failed", `git fetched ${remoteRef} of ${remote}, but ${ref} is not there.`, {
				hint: "Check `git config --get-all remote.<name>.fetch`: the upstream branch must be among what is fetched.",
			});
		},
		async push({ remote, remoteRef }, commit) {
			refuseNoRemote(remote);
			const pushed = await attempt(["push", ...PUSH_OPTIONS, remote, `${commit}:${remoteRef}`]);
			if ("stdout" in pushed) return "pushed";
			if (MOVED.test(pushed.failure)) return "moved";
			throw pushFailure(remote, remoteRef, pushed.failure);
		},
		async remoteRefs(remote, pattern) {
			refuseNoRemote(remote);
			const listed = await attempt(["ls-remote", "--quiet", "--refs", remote, pattern]);
			if ("failure" in listed) throw remoteFailure(`Asking ${withoutCredentials(remote)} failed`, listed.failure);
			const lines = [...listed.stdout.matchAll(/^([0-9a-f]{40,64})\t(.+)$/gm)];
			return new Map(lines.map(([, oid = "", ref = ""]) => [ref, oid]));
		},
		async fetchObjects(remote, refs) {
			refuseNoRemote(remote);
			for (const some of portions(refs)) {
				const fetched = await attempt(["fetch", ...FETCH_OPTIONS, "--refmap=", remote, ...some]);
				if ("failure" in fetched)
					throw remoteFailure(`Fetching from ${withoutCredentials(remote)} failed`, fetched.failure);
			}
		},
		async pushRefs(remote, refspecs) {
			refuseNoRemote(remote);
			for (const some of portions(refspecs)) {
				const pushed = await attempt(["push", ...PUSH_OPTIONS, remote, ...some]);
				if ("failure" in pushed) throw pushFailure(withoutCredentials(remote), some.join(" "), pushed.failure);
			}
		},
		async addressOf(remote) {
			refuseNoRemote(remote);
			const answer = await attempt(["remote", "get-url", remote]);
			return "failure" in answer ? null : withoutCredentials(answer.stdout.trim());
		},
		async dirtyPaths() {
			return dirtyPathsOf(git);
		},
	};
}

/** A command line has a limit. */
function portions(words: readonly string[], size = 200): (readonly string[])[] {
	return Array.from({ length: Math.ceil(words.length / size) }, (_, at) => words.slice(at * size, (at + 1) * size));
}

async function dirtyPathsOf(git: SimpleGit): Promise<DirtyPath[]> {
	const { files } = await git.status(["--no-renames", "--untracked-files=all", "--ignore-submodules=dirty"]);
	return files.map(({ path, index, working_dir }) => ({ path, index, checkout: working_dir }));
}

/** The remote's branch is not where we saw it: fetching again is the answer. */
const MOVED =
	/\[rejected\] \((?:fetch first|non-fast-forward|stale info)\)|\[remote rejected\] \((?:cannot lock ref|failed to update ref|incorrect old value|reference already exists)/;

function fetchFailure(remote: string, remoteRef: string, words: string): MsgcodeError {
	if (/couldn't find remote ref/.test(words)) {
		return new MsgcodeError("sync_refused", `${remote} has no ${remoteRef}, which is the upstream of this branch.`, {
			hint: "Publish the branch once with `git push`, or give it another upstream: `git branch --set-upstream-to`.",
		});
	}
	return remoteFailure(`Fetching from ${remote} failed`, words);
}

function pushFailure(remote: string, remoteRef: string, said: string): MsgcodeError {
	const words = withoutCredentials(said);
	const reason = /\[(?:remote )?rejected\] \((.*)\)/.exec(words)?.[1];
	if (reason === undefined) return remoteFailure(`Pushing to ${remote} failed`, words);
	return new MsgcodeError("sync_refused", `${remote} does not accept a push to ${remoteRef}: ${reason}.`, {
		hint: "If the branch is protected, keep the ledger on a branch of its own and merge it as the others are merged.",
		details: { stderr: words },
	});
}

function remoteFailure(what: string, said: string): MsgcodeError {
	const words = withoutCredentials(said);
	const lines = words.split("\n").filter((line) => line.trim() !== "" && !/^(?:To |Done$)/.test(line));
	return new MsgcodeError("remote_failed", `${what}: ${lines[0] ?? "git said nothing"}`, {
		details: { stderr: words },
	});
}
