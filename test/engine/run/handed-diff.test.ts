// The work of a runner that hands a diff back: applied to the worktree whole, or refused with everything as it was.
import {
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	symlinkSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { applyHandedDiff } from "../../../src/engine/run/apply-diff.ts";
import { artifactsAt } from "../../../src/engine/run/artifacts.ts";
import { makeRunFolder } from "../../../src/engine/run/run-folder.ts";
import type { RunnerOutcome } from "../../../src/runners/runner.ts";
import { ledgerOf } from "../../support/ledger.ts";
import { localModel } from "../../support/local-model.ts";
import { type Files, type Repo, repo } from "../../support/repo.ts";

const APP = "one\ntwo\nthree\n";
const CHANGE = "--- a/app.txt\n+++ b/app.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+zwei\n three\n";
const DIFF_MODE = "runner:\n  kind: lmstudio\n  mode: diff\n";

const OUTCOME: RunnerOutcome = {
	...{ status: "ok", errorCode: null, errorMessage: null, details: {}, preview: "", usage: null, session: null },
	...{ model: null, version: null, limit: null, diffFile: null, artifacts: ["reply.md"] },
};

interface Wanted {
	readonly answer?: string;
	readonly files?: Files;
	readonly frontMatter?: string;
	readonly env?: Readonly<Record<string, string>>;
	/** Runs the built program. */
	readonly built?: boolean;
	readonly flags?: readonly string[];
}

async function run({ answer = "", files = {}, frontMatter = DIFF_MODE, env = {}, built, flags = [] }: Wanted) {
	const server = await localModel({ answer: () => answer });
	const at = await repo({
		files: { "app.txt": APP, ...files },
		ledger: true,
		env: { LMSTUDIO_BASE_URL: server.url, ...env },
	});
	at.write("../task.md", `---\ntitle: Sample\n${frontMatter}---\nChange it.\n`);
	const added = await at.msgcode("task", "add", "--from", "../task.md", "--json");
	const id: string = added.json().data.id;
	const call = ["task", "run", id, "--json", "--yes", ...flags];
	const ran = await (built === true ? at.msgcodeProcess(...call) : at.msgcode(...call));
	const receipt = ran.json().data;
	return { at, id, receipt, server, patch: () => at.read(`tasks/runs/${id}/${receipt.runId}/patch.diff`) };
}

function localFile(at: Repo, runId: string, name: string): string {
	return readFileSync(join(at.path, ".git/msgcode/runs", runId, "artifacts", name), "utf8");
}

describe("a diff that a runner hands back", () => {
	test("is applied to the worktree and becomes the patch", async () => {
		const { at, receipt, patch } = await run({ answer: `Done:\n\n\`\`\`diff\n${CHANGE}\`\`\`\n`, built: true });
		expect(receipt).toMatchObject({
			status: "ok",
			errorCode: null,
			noChanges: false,
			usage: { inputTokens: 31, outputTokens: 12 },
			attempts: [{ status: "ok", errorCode: null }],
		});
		expect(patch()).toContain("+zwei");
		expect(at.read("app.txt")).toBe(APP);
		expect(localFile(at, receipt.runId, "reply.md")).toContain("Done:");
		expect(at.git("status", "--porcelain")).toBe("");
	});

	test.each([
		["does not fit", CHANGE.replace("-two", "-due"), "does_not_apply"],
		["changes the ledger", "--- /dev/null\n+++ b/tasks/tsk_0000000001.md\n@@ -0,0 +1 @@\n+bad\n", "ledger_path"],
	])("and %s is no success: nothing is changed, and it is kept here", async (_, answer, reason) => {
		const { at, id, receipt } = await run({ answer });
		expect(receipt).toMatchObject({
			status: "error",
			errorCode: "RUNNER_OUTPUT_INVALID",
			details: { reason },
			noChanges: true,
			attempts: [{ status: "error", errorCode: "RUNNER_OUTPUT_INVALID" }],
		});
		expect(at.read("app.txt")).toBe(APP);
		expect(readFileSync(join(at.path, "worktrees", id, "app.txt"), "utf8")).toBe(APP);
		expect(readdirSync(join(at.path, "worktrees", id)).sort()).toEqual([".git", "app.txt"]);
		expect(at.git("status", "--porcelain")).toBe("");
		expect(localFile(at, receipt.runId, "reply.diff").trim()).toBe(answer.trim());
		expect((await at.msgcode("fsck", "--json")).exitCode).toBe(0);
	});

	test("is for the workspace's folder, and in a run without a worktree for the checkout", async () => {
		const server = await localModel({ answer: () => CHANGE });
		const at = await repo({
			files: { "app.txt": "top\n", "team/app.txt": APP },
			ledger: true,
			workspace: "team",
			env: { LMSTUDIO_BASE_URL: server.url },
		});
		at.write("../task.md", `---\ntitle: Sample\n${DIFF_MODE}---\nChange it.\n`);
		const id = (await at.msgcode("task", "add", "--from", "../../task.md", "--json")).json().data.id;
		const ran = await at.msgcode("task", "run", id, "--json", "--yes");
		expect(ran.json().data, ran.stdout).toMatchObject({ status: "ok", noChanges: false });
		expect(at.read(`team/tasks/runs/${id}/${ran.json().data.runId}/patch.diff`)).toContain("a/team/app.txt");
		expect(at.read("team/app.txt")).toBe(APP);
		const inPlace = await at.msgcode("task", "run", id, "--json", "--yes", "--in-place");
		expect(inPlace.json().data, inPlace.stdout).toMatchObject({ status: "ok" });
		expect(at.read("team/app.txt")).toBe(APP.replace("two", "zwei"));
		expect(at.read("app.txt")).toBe("top\n");
	});
});

describe("the file that a runner names as its diff", () => {
	test("is a file of the run's own folder, and nothing too large", async () => {
		const at = await repo({ files: { "app.txt": APP }, ledger: true });
		const ledger = ledgerOf(at);
		const folder = makeRunFolder(ledger.workspace.stateDir, "run_20260102T030405Z_0badcafe");
		const inFolder = (name: string) => join(folder.artifacts, name);
		const words: unknown[] = [];
		const place = {
			folder,
			worktree: null,
			permission: undefined,
			emit: (_: string, data: unknown) => void words.push(data),
		};
		const reasonFor = async (diffFile: string) => {
			const outcome = { ...OUTCOME, diffFile };
			const end = await applyHandedDiff(ledger, place, outcome);
			return end.status === "ok" ? "applied" : [end.errorCode, end.details.reason, end.artifacts];
		};
		const invalid = (reason: string, name: string) => ["RUNNER_OUTPUT_INVALID", reason, ["reply.md", name]];
		at.write("../outside/the.diff", CHANGE);
		symlinkSync(join(at.home, "outside/the.diff"), inFolder("link.diff"));
		symlinkSync(join(at.home, "outside"), inFolder("out"));
		mkdirSync(inFolder("folder.diff"));
		writeFileSync(inFolder("empty.diff"), "");
		writeFileSync(inFolder("large.diff"), "");
		truncateSync(inFolder("large.diff"), 32 * 1024 * 1024 + 1);
		writeFileSync(inFolder("worktrees.diff"), "--- /dev/null\n+++ b/worktrees/tsk_1/x\n@@ -0,0 +1 @@\n+x\n");
		writeFileSync(inFolder("good.diff"), CHANGE);
		expect(await reasonFor("none.diff")).toEqual(invalid("diff_missing", "none.diff"));
		expect(await reasonFor("link.diff")).toEqual(invalid("diff_missing", "link.diff"));
		expect(await reasonFor("out/the.diff")).toEqual(invalid("diff_missing", "out/the.diff"));
		renameSync(folder.artifacts, `${folder.artifacts}.real`);
		symlinkSync(join(at.home, "outside"), folder.artifacts);
		expect(await reasonFor("the.diff")).toEqual(invalid("diff_missing", "the.diff"));
		expect(await artifactsAt(folder.artifacts, ["the.diff"])).toEqual([]);
		rmSync(folder.artifacts);
		renameSync(`${folder.artifacts}.real`, folder.artifacts);
		expect(await artifactsAt(folder.artifacts, ["good.diff", "link.diff"])).toMatchObject([{ name: "good.diff" }]);
		expect(await reasonFor("folder.diff")).toEqual(invalid("diff_missing", "folder.diff"));
		expect(await reasonFor("empty.diff")).toEqual(invalid("no_diff", "empty.diff"));
		expect(await reasonFor("large.diff")).toEqual(invalid("too_large", "large.diff"));
		expect(await reasonFor("worktrees.diff")).toEqual(invalid("path_outside", "worktrees.diff"));
		expect(at.git("status", "--porcelain")).toBe("");
		const failed = { ...OUTCOME, status: "error" as const, diffFile: "good.diff" };
		expect(await applyHandedDiff(ledger, place, failed)).toBe(failed);
		const good = { ...OUTCOME, diffFile: "good.diff" };
		expect(await applyHandedDiff(ledger, { ...place, permission: "read-only" }, good)).toMatchObject({
			errorCode: "RUNNER_OUTPUT_INVALID",
			details: { reason: "read_only" },
		});
		expect(at.read("app.txt")).toBe(APP);
		expect(await reasonFor("good.diff")).toBe("applied");
		expect(at.read("app.txt")).toContain("zwei");
		expect(await reasonFor("good.diff")).toEqual(invalid("does_not_apply", "good.diff"));
		expect(words).toContainEqual({ stream: "apply", text: expect.stringContaining("patch does not apply") });
	});
});

describe("a local model that only answers", () => {
	test("leaves its answer in the run's folder, and no change", async () => {
		const { at, receipt } = await run({ answer: "Forty-two.", frontMatter: "runner: lmstudio\n" });
		expect(receipt).toMatchObject({ status: "ok", noChanges: true });
		expect(localFile(at, receipt.runId, "reply.md")).toBe("Forty-two.");
	});
});
