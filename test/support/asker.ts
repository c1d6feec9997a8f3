// A workspace with the fixture program asker.mjs as a runner of the user's own, and what a test needs to talk with its runs.
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CliResult } from "./cli.ts";
import { type Repo, repo } from "./repo.ts";
import { program } from "./supervise.ts";

export interface AskerRepo extends Repo {
	/** Adds a task for the runner; gives its id. */
	task(prompt: string, front?: string): Promise<string>;
	/** Waits until that many questions are open. */
	questions(count: number): Promise<readonly Waiting[]>;
}

export interface Waiting {
	readonly questionId: string;
	readonly runId: string;
	readonly taskId: string;
	readonly prompt: string;
	readonly choices: readonly string[];
}

export async function askerRepo(): Promise<AskerRepo> {
	const config = { MSGCODE_CONFIG_DIR: "" };
	const at = await repo({
		files: { "app.txt": "one\n", ".gitignore": "request.json\nanswers.txt\n" },
		ledger: true,
		env: config,
	});
	const folder = join(at.home, "config");
	(at.env as Record<string, string>).MSGCODE_CONFIG_DIR = folder;
	const own = join(folder, "runners/asker");
	mkdirSync(join(own, "sessions"), { recursive: true, mode: 0o700 });
	copyFileSync(program("asker.mjs"), join(own, "asker.mjs"));
	const exec = { argv: ["{NODE}", "{RUNNER_DIR}/asker.mjs"], protocol: "runner-1" };
	const record = { exec, resume: { supported: true, by: "session" }, inputs: ["text"] };
	writeFileSync(join(own, "capability.json"), JSON.stringify(record));
	return {
		...at,
		async task(prompt, front = "") {
			at.write("draft.md", `---\ntitle: Sample\nrunner:\n  kind: asker\n${front}---\n${prompt}\n`);
			const added = await at.msgcode("task", "add", "--from", "draft.md", "--json");
			if (added.exitCode !== 0) throw new Error(added.stdout + added.stderr);
			return added.json().data.id;
		},
		questions: (count) =>
			until(async () => {
				const { data } = (await at.msgcode("human", "list", "--json")).json();
				return data.length === count ? data : null;
			}),
	};
}

/** The first answer of `look` that is not null. */
export async function until<T>(look: () => Promise<T | null> | T | null): Promise<T> {
	for (const deadline = Date.now() + 20_000; ; await sleep(20)) {
		const found = await look();
		if (found !== null) return found;
		if (Date.now() > deadline) throw new Error("waited in vain");
	}
}

/** The receipt that `task run --json` gave. */
export function receiptOf(ran: CliResult) {
	return ran.json().data;
}
