// A shell script in a test repository, for what git's own plumbing is driven by pipes for.
import { execFileSync } from "node:child_process";
import type { Repo } from "./repo.ts";

/** Runs a script in the checkout's top folder; its stdout without the final newline. */
export function shell(made: Repo, script: string, env: Readonly<Record<string, string>> = {}): string {
	const output = execFileSync("sh", ["-ec", script], { cwd: made.path, env: { ...made.env, ...env }, stdio: "pipe" });
	return output.toString("utf8").replace(/\n$/, "");
}
