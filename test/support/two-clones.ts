// Two clones of one bare repository, as two people have them. Made once for each set of options, then copied.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, realpathSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import { hermeticEnvironment, type Repo, type RepoOptions, repo, repoAt, temporaryFolder } from "./repo.ts";

export interface TwoClones {
	/** The bare repository's folder. */
	readonly origin: string;
	readonly ann: Repo;
	readonly bob: Repo;
	/** Runs git in the bare repository. */
	originGit(...args: string[]): string;
}

const templates = new Map<string, string>();
afterAll(() => {
	for (const folder of templates.values()) rmSync(dirname(folder), { recursive: true, force: true });
	templates.clear();
});

/** Ann's clone has made the workspace and published it; both are at the same commit of `main`. */
export async function twoClones(options: RepoOptions = {}): Promise<TwoClones> {
	const key = JSON.stringify(options);
	const template = templates.get(key) ?? (await makeTemplate(options));
	templates.set(key, template);
	return copyOf(template, options);
}

/** The same in a copy of `from`, a home that holds the three repositories. */
export function copyOf(from: string, options: RepoOptions = {}): TwoClones {
	const home = temporaryFolder();
	cpSync(from, home, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
	const env = { ...hermeticEnvironment(home), ...options.env };
	const origin = join(home, "origin.git");
	return {
		origin,
		ann: repoAt(join(home, "repo"), home, env, options.workspace),
		bob: repoAt(
			join(home, "bob"),
			home,
			{ ...env, GIT_AUTHOR_NAME: "Bob", GIT_COMMITTER_NAME: "Bob", MSGCODE_ACTOR: "Bob" },
			options.workspace,
		),
		originGit: (...args) => git(args, origin, env),
	};
}

async function makeTemplate(options: RepoOptions): Promise<string> {
	const made = await repo({ files: { "src/code.txt": "one\ntwo\nthree\n" }, ledger: true, ...options });
	const { home, env } = made;
	git(["init", "--quiet", "--bare", "--initial-branch=main", join(home, "origin.git")], home, env);
	// Relative, so that a copy of all three has the copy for its remote.
	made.git("remote", "add", "origin", "../origin.git");
	made.git("push", "--quiet", "-u", "origin", "main");
	git(["clone", "--quiet", join(home, "origin.git"), join(home, "bob")], home, env);
	git(["remote", "set-url", "origin", "../origin.git"], join(home, "bob"), env);
	const folder = join(realpathSync(mkdtempSync(join(tmpdir(), "msgcode-template-"))), "home");
	renameSync(home, folder);
	return folder;
}

function git(args: readonly string[], cwd: string, env: Readonly<Record<string, string>>): string {
	return execFileSync("git", args, { cwd, env, stdio: "pipe" }).toString("utf8").replace(/\n$/, "");
}

/** Adds a task and gives its id. */
export async function addTask(place: Repo, title: string, ...flags: string[]): Promise<string> {
	const added = await place.msgcode("--json", "task", "add", title, ...flags);
	if (added.exitCode !== 0) throw new Error(`task add failed: ${added.stdout}${added.stderr}`);
	return added.json().data.id;
}

/** Runs a command that has to succeed; its JSON document. */
export async function succeed(place: Repo, ...argv: string[]): Promise<ReturnType<JSON["parse"]>> {
	const result = await place.msgcode("--json", ...argv);
	if (result.exitCode !== 0) throw new Error(`msgcode ${argv.join(" ")}: ${result.stdout}${result.stderr}`);
	return result.json();
}
