// When a task began that has no record: what git's history says, compared with git's own log of its file.
import { execFileSync } from "node:child_process";
import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { firstSeenIn } from "../../../src/ledger/history/first-seen.ts";
import { readListed } from "../../../src/ledger/listing/task-index.ts";
import { ledgerOf } from "../../support/ledger.ts";
import { type Repo, repo, repoAt } from "../../support/repo.ts";

const A = "tsk_0000000001";

/** As git's own log of the Markdown file has it, epoch ms. */
function added(made: Repo, path: string): number {
	const seconds = made.git("log", "--diff-filter=A", "--no-renames", "--format=%ct", "--", path).split("\n");
	return Number(seconds.at(-1)) * 1000;
}

describe("a lone Markdown file was created", () => {
	test("when git first saw it, whatever came later", async () => {
		const made = await repo({ ledger: true });
		made.write(`tasks/${A}.md`, "x\n");
		const file = join(made.path, "tasks", `${A}.md`);
		const old = new Date(1_600_000_000_000);
		utimesSync(file, old, old);
		expect(await firstSeenIn(ledgerOf(made))(A)).toBe(1_600_000_000_000);
		made.git("add", "--all");
		made.git("-c", "user.name=x", "commit", "--quiet", "-m", "proposed", "--date=2001-01-01T00:00:00Z");
		const first = Number(made.git("log", "-1", "--format=%ct")) * 1000;
		made.write(`tasks/${A}.md`, "y\n");
		made.commitAll("edited");
		expect(await firstSeenIn(ledgerOf(made))(A)).toBe(first);
	});

	test("as git tells, also with settings that change what git log prints", async () => {
		const made = await repo({ ledger: true, config: { "log.showSignature": "true", "log.follow": "true" } });
		made.write(`tasks/${A}.md`, "x\n");
		made.commitAll("proposed");
		expect(await firstSeenIn(ledgerOf(made))(A)).toBe(Number(made.git("log", "-1", "--format=%ct")) * 1000);
	});

	test("at its file's time on an unborn branch", async () => {
		const made = await repo();
		made.write("tasks/ledger.json", '{"schemaVersion":1,"uid":"wsp_x"}');
		writeFileSync(join(made.path, "tasks", `${A}.md`), "x\n");
		const file = join(made.path, "tasks", `${A}.md`);
		utimesSync(file, new Date(5000), new Date(5000));
		expect(await firstSeenIn(ledgerOf(made))(A)).toBe(5000);
	});

	test.each(["", "packages/api"])(
		"as git tells, for many at once and with few calls of git, in %j",
		async (workspace) => {
			const made = await repo({ ledger: true, ...(workspace === "" ? {} : { workspace }) });
			const top = workspace === "" ? "" : `${workspace}/`;
			const ids = Array.from({ length: 40 }, (_, at) => `tsk_00000000${at + 10}`);
			for (const [at, id] of ids.entries()) {
				made.write(`${top}tasks/${id}.md`, `${at}\n`);
				if (at % 10 !== 9) continue;
				const [madeAt, later] = [1_700_000_000 + at * 60, 1_700_000_030 + at * 60];
				commitAt(made, madeAt, "proposed");
				made.write(`${top}tasks/${id}.md`, "changed\n");
				commitAt(made, later, "edited");
			}
			made.git("rm", "--quiet", `${top}tasks/${ids[0]}.md`);
			commitAt(made, 1_700_009_000, "away");
			made.write(`${top}tasks/${ids[0]}.md`, "back\n");
			commitAt(made, 1_700_009_060, "back");
			const ledger = ledgerOf(made, { start: join(made.path, workspace) });
			let calls = 0;
			const git: typeof ledger.git = (...args) => {
				calls += 1;
				return ledger.git(...args);
			};
			const listed = await readListed({ ...ledger, git });
			expect(Object.fromEntries(listed.map(({ id, createdAtMs }) => [id, createdAtMs]))).toEqual(
				Object.fromEntries(ids.map((id) => [id, added(made, `${top}tasks/${id}.md`)])),
			);
			expect(calls).toBeLessThan(5);
		},
	);

	test("where a shallow clone ends, when that does not show more", async () => {
		const made = await repo({ ledger: true });
		const B = "tsk_0000000002";
		made.write(`tasks/${A}.md`, "a\n");
		commitAt(made, 1_700_000_000, "a");
		commitAt(made, 1_700_000_060, "between");
		made.write(`tasks/${B}.md`, "b\n");
		commitAt(made, 1_700_000_120, "b");
		const shallow = clonedWith(made, "--depth=2");
		const firstSeen = firstSeenIn(ledgerOf(shallow));
		expect([await firstSeen(A), await firstSeen(B)]).toEqual([1_700_000_060_000, 1_700_000_120_000]);
		expect([added(shallow, `tasks/${A}.md`), added(shallow, `tasks/${B}.md`)]).toEqual([
			1_700_000_060_000, 1_700_000_120_000,
		]);
	});
});

function commitAt(made: Repo, seconds: number, message: string): void {
	made.git("add", "--all");
	const env = { ...made.env, GIT_COMMITTER_DATE: `${seconds} +0000` };
	execFileSync("git", ["commit", "--quiet", "--allow-empty", "-m", message], { cwd: made.path, env });
}

function clonedWith(made: Repo, ...args: string[]): Repo {
	const folder = join(made.home, "clone");
	execFileSync("git", ["clone", "--quiet", ...args, `file://${made.path}`, folder], { env: made.env, stdio: "pipe" });
	return repoAt(folder, made.home, made.env);
}
