// git's own text merge for tests of the merge core, in a temporary folder.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { createGit } from "../../src/git/plumbing.ts";
import type { MergeText } from "../../src/ledger/merge/merge-task.ts";
import { gitMergeText } from "../../src/ledger/merge/merge-text.ts";
import { hermeticEnvironment } from "./repo.ts";

/** One for a whole test file: its folder goes when the file's tests are done. */
export function realMergeText(): MergeText {
	const folder = mkdtempSync(join(tmpdir(), "msgcode-merge-"));
	afterAll(() => rmSync(folder, { recursive: true, force: true }));
	return gitMergeText({ git: createGit(hermeticEnvironment(folder), { cwd: folder }), folder });
}
