// A folder of small programs to put on PATH, each a shell script.
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./repo.ts";

export function fakePrograms(scripts: Readonly<Record<string, string>>): string {
	const folder = temporaryFolder();
	for (const [name, script] of Object.entries(scripts)) addProgram(folder, name, script);
	return folder;
}

export function addProgram(folder: string, name: string, script: string): void {
	writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
	chmodSync(join(folder, name), 0o755);
}

/** What the agents say when they are asked for their version, with nothing behind it. */
export const AGENT_VERSIONS = {
	claude: 'echo "2.1.329 (Claude Code)"',
	codex: 'echo "codex-cli 0.169.0"',
} as const;
