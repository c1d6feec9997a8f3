// Where a run's events end up: on this machine, or in the ledger when `ledger.events = "commit"` says so.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type Repo, repo } from "../../support/repo.ts";

async function runOnce(settings: string, ...flags: string[]): Promise<{ at: Repo; folder: string; digest: string }> {
	const at = await repo({
		files: { "app.txt": "one\n", ...(settings === "" ? {} : { "msgcode.toml": settings }) },
		ledger: true,
	});
	const added = await at.msgcode(
		"task",
		"add",
		"Sample",
		"--json",
		"--runner",
		"shell",
		...flags,
		"--",
		"sh",
		"-c",
		"printf spo; echo ken",
	);
	const ran = await at.msgcode("task", "run", added.json().data.id, "--json");
	expect(ran.exitCode, ran.stdout).toBe(0);
	const receipt = ran.json().data;
	return { at, folder: `tasks/runs/${receipt.taskId}/${receipt.runId}`, digest: receipt.events.sha256 };
}

const COMMIT = '[ledger]\nevents = "commit"\n';

describe("a run's events", () => {
	test("stay beside the receipt, ignored by git, unless the settings say otherwise", async () => {
		const { at, folder, digest } = await runOnce("");
		expect(at.git("ls-tree", "--name-only", "HEAD", `${folder}/`)).not.toContain("events.jsonl");
		expect(
			createHash("sha256")
				.update(at.read(`${folder}/events.jsonl`))
				.digest("hex"),
		).toBe(digest);
		expect(at.git("status", "--porcelain")).toBe("");
	});

	test("are committed with the receipt where ledger.events is commit", async () => {
		const { at, folder, digest } = await runOnce(COMMIT);
		const committed = at.git("show", `HEAD:${folder}/events.jsonl`);
		expect(committed).toContain("spoken");
		expect(
			createHash("sha256")
				.update(at.read(`${folder}/events.jsonl`))
				.digest("hex"),
		).toBe(digest);
		expect(at.git("status", "--porcelain")).toBe("");
	});

	test("of a sensitive task are never committed", async () => {
		const { at, folder } = await runOnce(COMMIT, "--sensitive");
		expect(at.git("ls-tree", "--name-only", "HEAD", `${folder}/`)).not.toContain("events.jsonl");
		expect(at.git("log", "-p", "--all", "--", "tasks/runs")).not.toContain("spoken");
	});
});
