// Local models as declared programs, exactly as docs/runners.md shows them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { fencesOf, readDocument } from "../../docs/documents.ts";
import { type Repo, repo } from "../../support/repo.ts";

const PROGRAMS = fileURLToPath(new URL("../../../fixtures/local-models", import.meta.url));
let settings = "";
let transcribe = "";

beforeAll(() => {
	const [, section = ""] = readDocument("docs/runners.md").split("\n## Local models as declared programs\n");
	const fences = fencesOf(section.split("\n## ")[0] ?? "");
	settings = fences.find(({ language }) => language === "toml")?.text ?? "";
	transcribe = fences.find(({ language }) => language === "yaml")?.text ?? "";
});

async function place(env: Record<string, string> = {}): Promise<Repo> {
	const at = await repo({
		files: { "msgcode.toml": settings, "talks/opening.wav": "good morning" },
		ledger: true,
		env: { PATH: `${PROGRAMS}:${process.env.PATH ?? ""}`, ...env },
	});
	at.write("../models/ggml-base.en.bin", "weights");
	at.write("../models/en_US-lessac-medium.onnx", "weights");
	return at;
}

async function run(at: Repo, task: string, env: Record<string, string>) {
	at.write("../task.md", task);
	const own = { env: { ...at.env, ...env } };
	const id = (await at.msgcodeWith(own, "task", "add", "--from", "../task.md", "--json")).json().data.id;
	return await at.msgcodeWith(own, "task", "run", id, "--json", "--yes");
}

const events = (at: Repo, runId: string) =>
	readFileSync(join(at.path, ".git/msgcode/runs", runId, "events.jsonl"), "utf8")
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line));

describe("a local model", () => {
	test("reads the task's file, finds its model, and what it prints is the result", async () => {
		const at = await place();
		const ran = await run(at, transcribe, { MSGCODE_RUNNER_MODEL_ROOT: join(at.home, "models") });
		expect(ran.json().data, ran.stdout).toMatchObject({ status: "ok", noChanges: true });
		const { runId, taskId, runner } = ran.json().data;
		expect(at.read(`tasks/runs/${taskId}/${runId}/summary.md`)).toContain("Heard: good morning");
		// The record holds no path of this machine.
		expect(runner.argv).toContain("{MODEL_ROOT}/ggml-base.en.bin");
		expect(JSON.stringify(runner)).not.toContain(at.home);
	});

	test("reads the task's own words and writes a file, which is an artifact of the run", async () => {
		const at = await place();
		const task = "---\ntitle: Greet\nrunner: speak\n---\nGood morning.\n";
		const ran = await run(at, task, { MSGCODE_RUNNER_MODEL_ROOT: join(at.home, "models") });
		expect(ran.json().data, ran.stdout).toMatchObject({ status: "ok" });
		const { runId } = ran.json().data;
		const artifact = events(at, runId).find(({ type }) => type === "run.artifact");
		expect(artifact?.data).toMatchObject({ name: "output", bytes: "RIFF Good morning.".length });
		const local = join(at.path, ".git/msgcode/runs", runId, "artifacts/output");
		expect(readFileSync(local, "utf8").trim()).toBe("RIFF Good morning.");
	});

	test("is refused before it begins where the folder of models, or the file, is not told", async () => {
		const at = await place();
		const without = await run(at, transcribe, {});
		expect(without.exitCode).not.toBe(0);
		expect(without.json().error).toMatchObject({
			code: "task_invalid_spec",
			message: expect.stringContaining("MODEL_ROOT"),
		});
		const noFile = await run(at, "---\ntitle: Nothing\nrunner: transcribe\n---\n", {
			MSGCODE_RUNNER_MODEL_ROOT: join(at.home, "models"),
		});
		expect(noFile.json().error).toMatchObject({ code: "task_invalid_spec", message: expect.stringContaining("INPUT") });
		expect(at.exists("worktrees")).toBe(false);
	});
});
