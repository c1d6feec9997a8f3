// The program as it is in src/, killed at a named fail point.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Repo } from "./repo.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** Runs a command line that dies at the point; throws when it ends in any other way. */
export function killedAt(made: Repo, point: string, argv: readonly string[], cwd = made.path): void {
	const env = { ...made.env, MSGCODE_FAILPOINT: point };
	const ended = spawnSync(process.execPath, [MAIN, ...argv], { cwd, env, input: "", encoding: "utf8" });
	if (ended.signal !== "SIGKILL") {
		throw new Error(`${argv.join(" ")} was not killed at ${point} (exit ${ended.status}): ${ended.stderr}`);
	}
}
