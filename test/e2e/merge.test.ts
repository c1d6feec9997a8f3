// Two clones meet by plain `git merge`: cases that deserve a name, and the proof that random histories (merge-with-driver and
// merge-without-driver) see a merge that loses, drops or grafts.
import { spawnSync } from "node:child_process";
import { appendFileSync, chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Action } from "../histories/actions.ts";
import { builtProgram, removeTemplate } from "../histories/clone.ts";
import { noHistories, template } from "../histories/history.ts";
import { KINDS } from "../histories/kinds.ts";
import { playAll } from "../histories/property.ts";
import type { Repo } from "../support/repo.ts";
import { addTask, succeed, twoClones } from "../support/two-clones.ts";

const SHARED_TASKS = 4;

async function sharedTasks(place: Repo): Promise<string[]> {
	const ids: string[] = [];
	for (let at = 0; at < SHARED_TASKS; at += 1) {
		const flags = ["--priority", "4", "--label", "old", "--timeout", "10m", "--runner", "shell"];
		ids.push(await addTask(place, `Shared ${at}`, ...flags, "--", "true"));
	}
	return ids;
}

/** A folder for PATH with the built program as `msgcode`. */
function binWithMsgcode(home: string): string {
	const folder = join(home, "bin");
	mkdirSync(folder, { recursive: true });
	writeFileSync(join(folder, "msgcode"), `#!/bin/sh\nexec '${process.execPath}' '${builtProgram()}' "$@"\n`);
	chmodSync(join(folder, "msgcode"), 0o755);
	return folder;
}

/** Merge drivers that do harm, as shell commands: %A is ours and the result, %O the base, %B theirs. */
const HARMFUL: Readonly<Record<string, readonly [command: string, seen: RegExp]>> = {
	"that keeps ours": ["true", /merged, though both sides changed|has lost|should be/],
	"that takes theirs": ["cp %B %A", /merged, though both sides changed|has lost|should be/],
	"that keeps the lines of both": [
		"git merge-file -q --union %A %O %B",
		/merged, though both sides changed|must be unique|depend on the side/,
	],
	"that loses lines": [
		"git merge-file -q %A %O %B && sed -i '/^title: /!{/q[0-9]*e/d}' %A",
		/has lost q|is missing from it/,
	],
	"that grafts another task's words": ["git merge-file -q %A %O %B && echo q99e1q >> %A", /q99e1q/],
};

describe("random histories see a merge driver", () => {
	test.each(Object.entries(HARMFUL))("%s", async (_, [command, seen]) => {
		const shared = await template(false, builtProgram());
		try {
			appendFileSync(join(shared.folder, ".gitconfig"), `[merge "msgcode"]\n\tdriver = ${JSON.stringify(command)}\n`);
			const options = { template: shared, driver: false };
			const settings = { runs: 40, seed: 3, path: undefined, keep: false, shrinks: false };
			await expect(playAll(KINDS.two.scripts, settings, (script) => KINDS.two.play(options, script))).rejects.toThrow(
				seen,
			);
		} finally {
			removeTemplate(shared);
		}
	});
});

describe("plain git merge of two clones", () => {
	test("a run that is landed here and rejected there has both decisions, and the ledger is sound", async () => {
		const shared = await template(false, builtProgram());
		try {
			const act = (by: number, action: Action) => ({ by, action });
			const steps = [act(0, { kind: "reject", task: 1 }), act(1, { kind: "land", task: 1 })];
			const figures = noHistories();
			await KINDS.two.play({ template: shared, driver: false, figures }, { clones: 2, order: [], steps });
			expect(figures).toMatchObject({ steps: 2, conflicts: 0 });
		} finally {
			removeTemplate(shared);
		}
	});

	test("removed on one side, edited and run on the other: the tombstone and the work are both there", async () => {
		const { ann, bob } = await twoClones();
		const [id = ""] = await sharedTasks(ann);
		ann.git("push", "--quiet");
		bob.git("pull", "--quiet");
		await succeed(ann, "task", "rm", id, "--reason", "duplicate");
		const other = await addTask(ann, "Shared 0 again", "--priority", "5", "--label", "old");
		await succeed(bob, "task", "edit", id, "--title", "Renamed meanwhile");
		await succeed(bob, "task", "approve", id, "--yes");
		await succeed(bob, "task", "run", id);
		ann.git("push", "--quiet");
		bob.git("pull", "--quiet", "--no-rebase", "--no-edit");
		expect((await succeed(bob, "task", "show", id)).data).toMatchObject({
			title: "Renamed meanwhile",
			removed: { reason: "duplicate" },
			runs: 1,
		});
		expect((await succeed(bob, "task", "show", other)).data).toMatchObject({ title: "Shared 0 again", removed: null });
	});

	test("the same scalar changed on both sides is an ordinary conflict, named by every command until it is settled", async () => {
		const { ann, bob } = await twoClones();
		const [id = "", good = ""] = await sharedTasks(ann);
		ann.git("push", "--quiet");
		bob.git("pull", "--quiet");
		await succeed(ann, "task", "edit", id, "--priority", "9");
		await succeed(bob, "task", "edit", id, "--priority", "1");
		ann.git("push", "--quiet");
		expect(() => bob.git("pull", "--quiet", "--no-rebase", "--no-edit")).toThrow();
		const list = await bob.msgcode("task", "list", "--json");
		const broken = list.json().data.filter((task: { broken: boolean }) => task.broken);
		expect(broken.map((task: { id: string }) => task.id)).toEqual([id]);
		expect((await bob.msgcode("task", "show", good)).exitCode).toBe(0);
		expect((await bob.msgcode("task", "edit", good, "--priority", "2")).exitCode).toBe(5);
		bob.git("checkout", "--quiet", "--theirs", `tasks/${id}.md`);
		bob.git("commit", "--quiet", "--all", "--no-edit");
		expect((await succeed(bob, "task", "show", id)).data).toMatchObject({ priority: 9, diagnostics: [] });
	});

	test("changed and archived here, changed there: nothing of it gets into a new task, however alike their records are", async () => {
		const { ann, bob } = await twoClones();
		const [id = ""] = await sharedTasks(ann);
		ann.git("push", "--quiet");
		bob.git("pull", "--quiet");
		await succeed(bob, "init");
		const alike = await addTask(ann, "Another", "--runner", "shell", "--", "true");
		await succeed(ann, "task", "close", id, "--reason", "all of it is done by now");
		await succeed(ann, "task", "archive", id);
		await succeed(bob, "task", "close", id, "--reason", "done elsewhere");
		const before = ann.read(`tasks/${alike}.json`);
		ann.git("push", "--quiet");
		const env = { ...bob.env, PATH: `${binWithMsgcode(bob.home)}${delimiter}${bob.env.PATH}` };
		const merged = spawnSync("git", ["pull", "--quiet", "--no-rebase", "--no-edit"], { cwd: bob.path, env });
		expect(merged.status).not.toBe(0);
		expect(bob.git("diff", "--name-only", "--diff-filter=U")).toMatch(
			new RegExp(`^tasks/archive/\\d{4}/${id}\\.json$`),
		);
		expect(bob.read(`tasks/${alike}.json`)).toBe(before);
	});
});
