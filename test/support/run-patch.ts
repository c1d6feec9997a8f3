// Runs a shell script as a task's runner and holds its patch against what a fresh clone makes of it.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Receipt } from "../../src/ledger/runs/receipt.ts";
import { type Repo, temporaryFolder } from "./repo.ts";

export interface ScriptRun {
	readonly receipt: Receipt;
	/** Paths of the patch's files, sorted. */
	readonly paths: string[];
	readonly warnings: string[];
}

export interface Scene {
	readonly repo: Repo;
	readonly taskId: string;
	/** Runs the script (`sh -c`) in the task's worktree; the run must end ok unless `status` says otherwise. */
	run(script: string, status?: Receipt["status"]): Promise<ScriptRun>;
	/** The same, and the patch is applied by plain git to the base in a fresh clone; the trees must be equal. */
	proven(script: string): Promise<ScriptRun>;
	/** Lands the task's last run; the checkout must hold HEAD to the byte afterwards. */
	land(): Promise<void>;
}

/** A task in the repository, to run scripts with. `prefix` is the workspace's place in the repository, with a final "/". */
export async function sceneIn(repo: Repo, prefix = ""): Promise<Scene> {
	const added = await repo.msgcode("task", "add", "A task", "--json");
	const taskId = added.json().data.id as string;
	let clone: Repo | null = null;
	const run = async (script: string, status: Receipt["status"] = "ok"): Promise<ScriptRun> => {
		const result = await repo.msgcode("task", "run", taskId, "--json", "--", "sh", "-c", `set -e\n${script}`);
		const receipt = result.json().data as Receipt;
		expect(receipt.status, JSON.stringify(result.json())).toBe(status);
		const stat = await repo.msgcode("task", "diff", taskId, "--run", receipt.runId, "--stat", "--json");
		const files: { path: string }[] = stat.exitCode === 0 ? stat.json().data.files : [];
		const paths = files.map(({ path }) => path).sort();
		return { receipt, paths, warnings: receipt.warnings.map(({ code }) => code) };
	};
	return {
		repo,
		taskId,
		run,
		async proven(script) {
			const ran = await run(script);
			clone ??= repo.clone();
			const { receipt } = ran;
			const patch = join(repo.path, `${prefix}${receipt.patch?.path}`);
			expect(createHash("sha256").update(readFileSync(patch)).digest("hex")).toBe(receipt.patch?.sha256);
			clone.git("fetch", "--quiet");
			clone.git("checkout", "--quiet", "--force", "--detach", receipt.baseCommit ?? "");
			clone.git("clean", "-ffdxq");
			if (receipt.patch?.bytes !== 0) clone.git("apply", "--whitespace=nowarn", patch);
			clone.git("-c", "core.bigFileThreshold=1", "add", "--all"); // one pack: thousands of files take a moment otherwise
			expect(clone.git("write-tree")).toBe(receipt.tree);
			expect(repo.git("status", "--porcelain")).toBe("");
			return ran;
		},
		async land() {
			const landed = await repo.msgcode("task", "apply", taskId, "--yes", "--json");
			expect(landed.exitCode, landed.stdout + landed.stderr).toBe(0);
			expect(landed.json().data.worktreeRemoved).toBe(true);
			expectCheckoutIsHead(repo);
		},
	};
}

/** Every file of the checkout, hashed anew, is HEAD's; the index is as well. */
export function expectCheckoutIsHead(repo: Repo): void {
	expect(repo.git("status", "--porcelain")).toBe("");
	expect(treeOfCheckout(repo)).toBe(repo.git("rev-parse", "HEAD^{tree}"));
}

/** The tree that `git add --all` would make of the checkout, without any stat data to trust. */
export function treeOfCheckout(repo: Repo): string {
	const index = join(temporaryFolder(), "index");
	const env = { ...repo.env, GIT_INDEX_FILE: index };
	const git = (...args: string[]) =>
		execFileSync("git", args, { cwd: repo.path, env, encoding: "utf8", stdio: "pipe" });
	git("read-tree", "HEAD");
	git("-c", "core.bigFileThreshold=1", "add", "--all");
	const tree = git("write-tree").trim();
	rmSync(index);
	return tree;
}
