// Whether git can do what is asked of it here: its version, who commits, whether it trusts the folder.
import type { Finding, HealthCheck } from "../core/health.ts";
import { healthCheck, problem, warning } from "../core/health.ts";
import { readIdentity } from "./head.ts";
import { findRepository } from "./location.ts";
import { operationInProgress } from "./operation.ts";
import { createGit, type Git } from "./plumbing.ts";

/** `merge-tree --write-tree` came with it. */
const MINIMUM = [2, 38] as const;

/** Works outside a repository too. */
export function checkGit(env: Readonly<Record<string, string | undefined>>, folder: string): Promise<HealthCheck> {
	return healthCheck("git", async () => {
		const git = createGit(env, { cwd: folder });
		const version = (await git(["version"])).stdout
			.toString("utf8")
			.trim()
			.replace(/^git version /, "");
		const repository = findRepository(folder);
		const operation = repository === null ? null : operationInProgress(repository.gitDir);
		const findings: Finding[] = [];
		const [major = 0, minor = 0] = version.split(".").map(Number);
		if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])) {
			findings.push(problem(`git ${version} is too old.`, `Install git ${MINIMUM.join(".")} or newer.`));
		}
		if (repository !== null) findings.push(...(await trustFindings(git)));
		const identity = await readIdentity(git, env).then(
			({ author }) => author.signature,
			(error: Error & { hint?: string }) => {
				findings.push((repository === null ? warning : problem)(error.message, error.hint ?? null));
				return null;
			},
		);
		if (operation !== null) {
			findings.push(
				warning(`A git ${operation} is in progress: commands that change the ledger wait for its end.`, "git status"),
			);
		}
		return { summary: `git ${version}`, findings, details: { version, identity, operation } };
	});
}

async function trustFindings(git: Git): Promise<Finding[]> {
	const { code, stderr } = await git(["rev-parse", "--git-dir"], { accept: [0, 128] });
	if (code === 0) return [];
	const hint = /dubious ownership/.test(stderr)
		? "The folder belongs to another user. If you trust it, add it to git's safe.directory setting."
		: "git status";
	return [problem(stderr.trim().split("\n")[0] ?? "git does not read this repository.", hint)];
}
