// The work of a runner that hands a diff back: applied to the worktree whole, or refused with everything as it was.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { localModel } from "../support/local-model.ts";
import { type Repo, repo } from "../support/repo.ts";

const APP = "one\ntwo\nthree\n";

async function runWith(
	answer: string,
	more: { readonly files?: Record<string, string>; readonly frontMatter?: string } = {},
) {
	const server = await localModel({ answer: () => answer });
	const at = await repo({
		files: { "app.txt": APP, ...more.files },
		ledger: true,
		env: { LMSTUDIO_BASE_URL: server.url },
	});
	return { ...(await runTask(at, more.frontMatter ?? "runner:\n  kind: lmstudio\n  mode: diff\n")), server };
}

async function runTask(at: Repo, frontMatter: string) {
	at.write("task.md", `---\ntitle: Sample\n${frontMatter}---\nChange it.\n`);
	const added = await at.msgcode("task", "add", "--from", "task.md", "--json");
	const id: string = added.json().data.id;
	at.git("rm", "-q", "--cached", "--ignore-unmatch", "task.md");
	const ran = await at.msgcode("task", "run", id, "--json", "--yes");
	return { at, id, ran, receipt: ran.json().data };
}

function localFile(at: Repo, runId: string, name: string): string {
	return readFileSync(join(at.path, ".git/msgcode/runs", runId, "artifacts", name), "utf8");
}

describe("a diff that a runner hands back", () => {
	test("is applied to the worktree and becomes the patch", async () => {
		const { at, id, receipt, ran } = await runWith(
			"Done:\n\n```diff\n--- a/app.txt\n+++ b/app.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+zwei\n three\n```\n",
		);
		expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
		expect(receipt).toMatchObject({ status: "ok", errorCode: null, noChanges: false });
		expect(at.read(`tasks/runs/${id}/${receipt.runId}/patch.diff`)).toContain("+zwei");
		expect(at.read("app.txt")).toBe(APP);
		expect(readdirSync(join(at.path, ".git/msgcode/runs", receipt.runId, "artifacts"))).toContain("reply.md");
		expect(localFile(at, receipt.runId, "reply.md")).toContain("Done:");
	});
});
