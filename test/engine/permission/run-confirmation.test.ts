// A runner that is confirmed each time: nothing starts before a person has seen the plan, and what is started is that plan.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Repo, repo } from "../../support/repo.ts";

const SCRIPT = `mkdir -p "$MSGCODE_EVIDENCE_DIR/shots" && echo proof >"$MSGCODE_EVIDENCE_DIR/shots/a.txt" && ln -s /etc/passwd "$MSGCODE_EVIDENCE_DIR/link" && echo made >made.txt`;

/** A workspace with the runner `careful`, which has to be confirmed and leaves evidence, and a task for it. */
async function scene(): Promise<{ place: Repo; id: string; ran: (runId: string) => string }> {
	const place = await repo({ files: { "a.txt": "a\n" }, ledger: true });
	const folder = join(place.env.MSGCODE_CONFIG_DIR ?? join(place.home, ".config/msgcode"), "runners/careful");
	mkdirSync(folder, { recursive: true });
	const record = {
		exec: { argv: ["/bin/sh", "-c", SCRIPT], stdin: "prompt" },
		confirm: "each-run",
		evidence: ["receipt", "folder"],
	};
	writeFileSync(join(folder, "capability.json"), JSON.stringify(record));
	const added = await place.msgcode("task", "add", "Pay", "--runner", "careful", "--prompt", "Pay it.", "--json");
	const ran = (runId: string) => join(place.path, ".git/msgcode/runs", runId, "evidence");
	return { place, id: added.json().data.id, ran };
}
const refused = async (place: Repo, ...line: string[]) => {
	const result = await place.msgcode(...line, "--json");
	return [result.exitCode, result.json().error.code];
};

describe("a runner that is confirmed each time", () => {
	test("does not start unattended, neither with --yes nor with a digest that nobody prepared", async () => {
		const { place, id } = await scene();
		expect(await refused(place, "task", "run", id)).toEqual([2, "confirmation_required"]);
		expect(await refused(place, "task", "run", id, "--yes")).toEqual([2, "confirmation_required"]);
		expect(await refused(place, "task", "run", id, "--confirm", `sha256:${"0".repeat(64)}`)).toEqual([
			2,
			"confirmation_required",
		]);
		expect((await place.msgcode("run", "list", "--json")).json().data).toEqual([]);
	});

	test("prepares, is confirmed by the plan's digest, runs once, and leaves evidence that the receipt names", async () => {
		const { place, id, ran } = await scene();
		const prepared = (await place.msgcode("task", "run", id, "--prepare", "--json")).json().data;
		expect(prepared).toMatchObject({
			taskId: id,
			runner: "careful",
			mode: "worktree",
			prompt: { length: expect.any(Number) },
		});
		const done = (await place.msgcode("task", "run", id, "--confirm", prepared.digest, "--json")).json().data;
		expect(done).toMatchObject({ status: "ok", approvalsRequested: [`each-run ${prepared.digest}`] });
		expect(done.evidence.map(({ path }: { path: string }) => path)).toEqual([
			"confirmation.json",
			"link",
			"plan.json",
			"shots/a.txt",
		]);
		const [, link, , shot] = done.evidence;
		expect(link.sha256).toBe(null);
		expect(shot.sha256).toBe(createHash("sha256").update("proof\n").digest("hex"));
		const plan = JSON.parse(readFileSync(join(ran(done.runId), "plan.json"), "utf8"));
		expect(plan).toMatchObject({ taskId: id, runner: "careful", baseCodeTree: expect.any(String) });
		expect(await refused(place, "task", "run", id, "--confirm", prepared.digest)).toEqual([2, "confirmation_required"]);
	});

	test("is not started when what it would do has changed since it was prepared", async () => {
		const { place, id } = await scene();
		const prepare = async () => (await place.msgcode("task", "run", id, "--prepare", "--json")).json().data.digest;
		const first = await prepare();
		// A ledger commit changes nothing about the run; code, prompt and command do.
		await place.msgcode("task", "add", "Another");
		expect(await prepare()).toBe(first);
		place.write("a.txt", "b\n");
		place.commitAll("code");
		expect(await refused(place, "task", "run", id, "--confirm", first)).toEqual([2, "confirmation_required"]);
		const second = await prepare();
		await place.msgcode("task", "edit", id, "--prompt", "Pay twice.");
		expect(await refused(place, "task", "run", id, "--confirm", second)).toEqual([2, "confirmation_required"]);
	});

	test("shows the plan at a terminal and starts on a yes alone", async () => {
		const { place, id } = await scene();
		const no = await place.msgcodeWith({ terminal: 100, answers: ["n"] }, "task", "run", id, "--yes");
		expect(no.exitCode).toBe(130);
		expect(no.stderr).toContain("digest");
		const yes = await place.msgcodeWith({ terminal: 100, answers: ["y"] }, "task", "run", id);
		expect(yes.exitCode, yes.stderr).toBe(0);
	});
});
