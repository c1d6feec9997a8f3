// `msgcode sync --refs`: results of runs travel when asked to, are never moved, and take nothing private along.
import { describe, expect, test } from "vitest";
import type { Repo } from "../../support/repo.ts";
import { addTask, succeed, twoClones } from "../../support/two-clones.ts";

const RESULTS = "refs/msgcode/runs";
const refsOf = (git: (...args: string[]) => string, ...prefixes: string[]) =>
	git("for-each-ref", "--format=%(objectname) %(refname)", ...(prefixes.length > 0 ? prefixes : [RESULTS]));

async function ran(place: Repo, title: string, script = "echo two >>src/code.txt", ...flags: string[]) {
	const id = await addTask(place, title, "--runner", "shell", "--", "sh", "-c", script);
	const run = await place.msgcode("task", "run", id, ...flags, "--json");
	return { id, runId: run.json().data.runId as string };
}

describe("sync --refs", () => {
	test("both directions: each clone has the other's results afterwards, and a second time there is nothing to do", async () => {
		const { ann, bob, originGit } = await twoClones();
		const first = await ran(ann, "Of Ann");
		const sent = (await succeed(ann, "sync", "--refs")).data.refs;
		expect(sent).toEqual({ pushed: [first.runId], fetched: [], same: 0, left: [] });
		const second = await ran(bob, "Of Bob");
		const met = (await succeed(bob, "sync", "--refs")).data.refs;
		expect(met).toEqual({ pushed: [second.runId], fetched: [first.runId], same: 0, left: [] });
		expect((await succeed(ann, "sync", "--refs")).data.refs).toMatchObject({ fetched: [second.runId], same: 1 });
		expect(refsOf(ann.git)).toBe(refsOf(bob.git));
		expect(refsOf(originGit)).toBe(refsOf(bob.git));
		expect((await succeed(ann, "sync", "--refs")).data.refs).toEqual({ pushed: [], fetched: [], same: 2, left: [] });
		expect((await ann.msgcode("sync", "--refs")).stdout).toContain("nothing to exchange, 2 the same");
	});

	test("what a clone could not verify without the results, it can with them", async () => {
		const { ann, bob } = await twoClones();
		const { runId } = await ran(ann, "Of Ann");
		await succeed(ann, "sync", "--refs");
		await succeed(bob, "sync");
		const before = (await succeed(bob, "fsck")).data;
		expect([before.verdict, JSON.stringify(before.checks)]).toEqual(["unverifiable", expect.stringContaining(runId)]);
		await succeed(bob, "sync", "--refs");
		expect((await succeed(bob, "fsck")).data.verdict).toBe("ok");
	});

	test("only results of runs on record go; pending, heads, carry and after-checks stay", async () => {
		const { ann, originGit } = await twoClones();
		const { runId } = await ran(ann, "Of Ann");
		for (const name of [
			"pending/1-a",
			`heads/${runId}`,
			`after-checks/${runId}`,
			"runs/run_20260101T000000Z_00000000",
		]) {
			ann.git("update-ref", `refs/msgcode/${name}`, "HEAD");
		}
		await succeed(ann, "sync", "--refs");
		expect(refsOf(originGit, "refs/msgcode").split("\n")).toHaveLength(1);
		expect(refsOf(originGit)).toContain(runId);
	});

	test("a landing in the other clone uses the result, also where the patch is too damaged to be used", async () => {
		const { ann, bob } = await twoClones();
		const { id, runId } = await ran(ann, "Of Ann");
		await succeed(ann, "sync", "--refs");
		await succeed(bob, "sync");
		bob.write(`tasks/runs/${id}/${runId}/patch.diff`, "broken\n");
		bob.commitAll("a bad merge");
		expect((await bob.msgcode("task", "apply", id, "--yes", "--json")).json().error.code).toBe("ledger_damaged");
		await succeed(bob, "sync", "--refs");
		await succeed(bob, "task", "apply", id, "--yes");
		expect(bob.read("src/code.txt")).toBe("one\ntwo\nthree\ntwo\n");
	});

	test("a result that differs on the remote is refused by name, and the others go on", async () => {
		const { ann, bob, originGit } = await twoClones();
		const clashing = await ran(ann, "Clashing");
		await succeed(ann, "sync");
		originGit("update-ref", `${RESULTS}/${clashing.runId}`, "main");
		const fine = await ran(ann, "Fine");
		const before = refsOf(ann.git);
		const result = await ann.msgcode("sync", "--refs", "--json");
		expect(result.exitCode).toBe(4);
		expect(result.json().data.refs).toEqual({
			pushed: [fine.runId],
			fetched: [],
			same: 0,
			left: [{ runId: clashing.runId, why: "differs" }],
		});
		expect(result.json().warnings[0].message).toContain(clashing.runId);
		expect(refsOf(ann.git)).toBe(before);
		expect(originGit("rev-parse", `${RESULTS}/${clashing.runId}`)).not.toBe(
			ann.git("rev-parse", `${RESULTS}/${clashing.runId}`),
		);
		// What is not the recorded result is not taken either.
		const taken = await bob.msgcode("sync", "--refs", "--json");
		expect([taken.exitCode, taken.json().data.refs]).toEqual([
			4,
			{ pushed: [], fetched: [fine.runId], same: 0, left: [{ runId: clashing.runId, why: "unrecorded" }] },
		]);
		expect(refsOf(bob.git)).not.toContain(clashing.runId);
	});

	test("secrets, carried work and unpublished commits stay here", async () => {
		const { ann, originGit } = await twoClones();
		const secret = await ran(ann, "Leak", `echo 'aws_access_key_id = AKIA${"IOSFODNN7"}ZZZZZZZ' >key.txt`);
		ann.write("src/code.txt", "mine\n");
		const carried = await ran(ann, "Carry", "echo x >x.txt", "--carry");
		await succeed(ann, "sync");
		ann.git("commit", "--quiet", "-am", "not ready");
		const based = await ran(ann, "On top");
		const result = await ann.msgcode("sync", "--refs", "--json");
		// The branch cannot be synchronised while ledger commits lie on top of work that is not ready.
		expect(result.exitCode).toBe(4);
		// So the ledger's part goes onto the published branch, and the work onto one of its own.
		ann.git("branch", "wip");
		ann.git("reset", "--quiet", "--hard", "origin/main");
		const { runId } = based;
		ann.git("checkout", "--quiet", "wip", "--", "tasks");
		ann.git("commit", "--quiet", "-m", "the ledger alone");
		const { refs } = (await succeed(ann, "sync", "--refs")).data;
		expect(refs.pushed).toEqual([]);
		expect(Object.fromEntries(refs.left.map((left: { runId: string; why: string }) => [left.runId, left.why]))).toEqual(
			{
				[secret.runId]: "secret",
				[carried.runId]: "carried",
				[runId]: "unpublished-base",
			},
		);
		expect(refsOf(originGit, "refs/msgcode")).toBe("");
		// Once the work is published, so is the result that stands on it.
		ann.git("push", "--quiet", "origin", "wip");
		expect((await succeed(ann, "sync", "--refs")).data.refs.pushed).toEqual([runId]);
	});

	test("the base may be a ledger commit that the sync replayed under another id", async () => {
		const { ann, bob, originGit } = await twoClones();
		await addTask(bob, "Meanwhile");
		await succeed(bob, "sync");
		const { runId } = await ran(ann, "Of Ann");
		const { data } = await succeed(ann, "sync", "--refs");
		expect(data).toMatchObject({ action: "replay", refs: { pushed: [runId], left: [] } });
		expect(refsOf(originGit)).toContain(runId);
	});

	test("--dry-run tells the same and moves nothing; without --refs nothing is exchanged", async () => {
		const { ann, bob, originGit } = await twoClones();
		const { runId } = await ran(ann, "Of Ann");
		await succeed(ann, "sync");
		expect(refsOf(originGit)).toBe("");
		expect((await succeed(ann, "sync", "--refs", "--dry-run")).data.refs.pushed).toEqual([runId]);
		expect(refsOf(originGit)).toBe("");
		await succeed(ann, "sync", "--refs");
		await succeed(bob, "sync");
		expect(refsOf(bob.git)).toBe("");
		expect((await succeed(bob, "sync", "--refs", "--dry-run")).data.refs.fetched).toEqual([runId]);
		expect(refsOf(bob.git)).toBe("");
	});
});
