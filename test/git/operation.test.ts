// Every multi-step git operation is recognised while it lasts, in the checkout that it is in and no other.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { operationInProgress, refuseWhileBusy } from "../../src/git/operation.ts";
import { BUSY, busyRepo } from "../support/busy.ts";
import { repo } from "../support/repo.ts";

describe("an operation in progress", () => {
	test.each(BUSY)("$name is recognised until it ends", async ({ name, operation, end }) => {
		const made = await busyRepo(name);
		const gitDir = join(made.path, ".git");
		expect(operationInProgress(gitDir)).toBe(operation);
		expect(() => refuseWhileBusy(gitDir)).toThrow(
			expect.objectContaining({ code: "git_busy", exitCode: 5, details: { operation } }),
		);
		made.git(...end);
		expect(operationInProgress(gitDir)).toBeNull();
	});

	test("in one worktree leaves the others free", async () => {
		const made = await busyRepo("rebase");
		made.git("worktree", "add", "--quiet", "--detach", "../linked", "side");
		expect(operationInProgress(join(made.path, ".git"))).toBe("rebase");
		expect(operationInProgress(join(made.path, ".git", "worktrees", "linked"))).toBeNull();
	});

	test("is none in a quiet repository, with its leftovers of an earlier one", async () => {
		const made = await repo({ files: { a: "a\n" } });
		made.write(".git/ORIG_HEAD", made.git("rev-parse", "HEAD"));
		made.write(".git/AUTO_MERGE", "");
		refuseWhileBusy(join(made.path, ".git"));
	});
});
