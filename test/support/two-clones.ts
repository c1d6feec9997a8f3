// Two clones of one bare repository, as two people have them.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { type Repo, type RepoOptions, repo, repoAt } from "./repo.ts";

export interface TwoClones {
	/** The bare repository's folder. */
	readonly origin: string;
	readonly ann: Repo;
	readonly bob: Repo;
	/** Runs git in the bare repository. */
	originGit(...args: string[]): string;
}

/** Ann's clone has made the workspace and published it; both are at the same commit of `main`. */
export async function twoClones(options: RepoOptions = {}): Promise<TwoClones> {
	const ann = await repo({ files: { "src/code.txt": "one\ntwo\nthree\n" }, ledger: true, ...options });
	const origin = join(ann.home, "origin.git");
	const call = (args: readonly string[], cwd: string) =>
		execFileSync("git", args, { cwd, env: ann.env, stdio: "pipe" }).toString("utf8").replace(/\n$/, "");
	call(["init", "--quiet", "--bare", "--initial-branch=main", origin], ann.home);
	ann.git("remote", "add", "origin", origin);
	ann.git("push", "--quiet", "-u", "origin", "main");
	const folder = join(ann.home, "bob");
	call(["clone", "--quiet", origin, folder], ann.home);
	const env = { ...ann.env, GIT_AUTHOR_NAME: "Bob", GIT_COMMITTER_NAME: "Bob", MSGCODE_ACTOR: "Bob" };
	const bob = repoAt(folder, ann.home, env, options.workspace);
	return { origin, ann, bob, originGit: (...args) => call(args, origin) };
}

/** Adds a task and gives its id. */
export async function addTask(place: Repo, title: string, ...flags: string[]): Promise<string> {
	const added = await place.msgcode("--json", "task", "add", title, ...flags);
	if (added.exitCode !== 0) throw new Error(`task add failed: ${added.stdout}${added.stderr}`);
	return added.json().data.id;
}

/** Runs a command that has to succeed. */
export async function succeed(place: Repo, ...argv: string[]): Promise<ReturnType<JSON["parse"]>> {
	const result = await place.msgcode("--json", ...argv);
	if (result.exitCode !== 0) throw new Error(`msgcode ${argv.join(" ")}: ${result.stdout}${result.stderr}`);
	return result.json();
}
