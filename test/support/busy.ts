// Repositories in the middle of a git operation.
import type { GitOperation } from "../../src/git/operation.ts";
import { type Repo, type RepoOptions, repo } from "./repo.ts";

export interface BusyCase {
	readonly name: string;
	readonly operation: GitOperation;
	/** Arguments of the git call that begins it; it stops at a conflict, or between two steps. */
	readonly begin: readonly string[];
	readonly end: readonly string[];
	/** Goes on to its end once the conflict is resolved; null where nothing is to be gone on with. */
	readonly goOn: readonly string[] | null;
}

const editor = ["-c", "core.editor=true"];

export const BUSY: readonly BusyCase[] = [
	{
		name: "merge",
		operation: "merge",
		begin: ["merge", "side"],
		end: ["merge", "--abort"],
		goOn: ["commit", "--quiet", "--no-edit"],
	},
	{
		name: "merge before its commit",
		operation: "merge",
		begin: ["merge", "--no-commit", "--no-ff", "apart"],
		end: ["merge", "--abort"],
		goOn: ["commit", "--quiet", "--no-edit"],
	},
	{
		name: "rebase",
		operation: "rebase",
		begin: ["rebase", "side"],
		end: ["rebase", "--abort"],
		goOn: [...editor, "rebase", "--continue"],
	},
	{
		name: "rebase with the apply backend",
		operation: "rebase",
		begin: ["rebase", "--apply", "side"],
		end: ["rebase", "--abort"],
		goOn: [...editor, "rebase", "--continue"],
	},
	{
		name: "cherry-pick",
		operation: "cherry-pick",
		begin: ["cherry-pick", "side"],
		end: ["cherry-pick", "--abort"],
		goOn: [...editor, "cherry-pick", "--continue"],
	},
	{
		name: "revert",
		operation: "revert",
		begin: ["revert", "--no-edit", "HEAD^{/main 1}"],
		end: ["revert", "--abort"],
		goOn: [...editor, "revert", "--continue"],
	},
	{
		name: "bisect",
		operation: "bisect",
		begin: ["bisect", "start", "HEAD", "HEAD~2"],
		end: ["bisect", "reset"],
		goOn: null,
	},
];

/** Two branches that clash in code.txt, `main` checked out with three commits; the operation of that name is begun. */
export async function busyRepo(name: string, options: RepoOptions = {}): Promise<Repo> {
	const made = await divergedRepo(options);
	beginOperation(made, name);
	return made;
}

/** The same before the operation begins. */
export async function divergedRepo(options: RepoOptions = {}): Promise<Repo> {
	const made = await repo({ ...options, files: { "code.txt": "base\n", ...options.files } });
	made.git("branch", "side");
	made.git("branch", "apart");
	made.write("code.txt", "main 1\n");
	made.git("commit", "--quiet", "-am", "main 1");
	made.write("code.txt", "main 2\n");
	made.git("commit", "--quiet", "-am", "main 2");
	commitOnBranch(made, "side", "code.txt", "side\n");
	commitOnBranch(made, "apart", "apart.txt", "apart\n");
	return made;
}

export function busyCase(name: string): BusyCase {
	const found = BUSY.find((busy) => busy.name === name);
	if (found === undefined) throw new Error(`no operation is called ${name}`);
	return found;
}

export function beginOperation(made: Repo, name: string): void {
	try {
		made.git(...busyCase(name).begin);
	} catch {
		// It stops at the conflict, which is what is wanted.
	}
}

/** Adds a commit to a branch without a checkout. */
function commitOnBranch(made: Repo, branch: string, file: string, content: string): void {
	made.git("worktree", "add", "--quiet", "../other", branch);
	made.write(`../other/${file}`, content);
	made.git("-C", "../other", "add", file);
	made.git("-C", "../other", "commit", "--quiet", "-m", branch);
	made.git("worktree", "remove", "--force", "../other");
}
