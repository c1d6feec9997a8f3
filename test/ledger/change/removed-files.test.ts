// A change that removes files and adds others, as a move does: one commit, the user's work in the way is kept, and a kill
// or a failure at any step leaves the file in one place or the other, never in none.
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { armFailPoints } from "../../../src/core/failpoint.ts";
import { listPending } from "../../../src/ledger/change/pending.ts";
import type { FileWrite } from "../../../src/ledger/change/planned-writes.ts";
import { changeLedger, inLedger } from "../../../src/ledger/change/transaction.ts";
import { ledgerOf, type TestLedger, type TestLedgerOptions } from "../../support/ledger.ts";
import { type Repo, repo } from "../../support/repo.ts";

const ID = "tsk_0000000001";
const FROM = `tasks/${ID}.md`;
const TO = `tasks/archive/2026/${ID}.md`;
const RUN = `tasks/runs/${ID}/run_20260101T000000Z_00000001`;
const TEXT = "---\ntitle: One\n---\nDo it.\n";
const MOVE: readonly FileWrite[] = [
	{ path: FROM, content: null },
	{ path: `${RUN}/summary.md`, content: null },
	{ path: TO, content: TEXT },
];

afterEach(() => armFailPoints({}));

const withTask = (files = {}) =>
	repo({ ledger: true, files: { [FROM]: TEXT, [`${RUN}/summary.md`]: "done\n", ...files } });

const message = { op: "test", taskId: ID, summary: "move" };
const move = (ledger: TestLedger, writes = MOVE) => changeLedger(ledger, () => ({ writes, message, value: null }));
const settle = (made: Repo) => inLedger(ledgerOf(made), async () => {});
const moved = (made: Repo) => ({ from: existsSync(join(made.path, FROM)), to: existsSync(join(made.path, TO)) });
const changedIn = (made: Repo, commit = "HEAD") =>
	made.git("show", "--format=", "--name-status", "--no-renames", commit).split("\n");

const MOVED = [`A\t${TO}`, `D\t${RUN}/summary.md`, `D\t${FROM}`];

describe("a change that removes files", () => {
	test("is one commit; folders that it empties go, the others and the user's files stay", async () => {
		const made = await withTask();
		made.write("tasks/runs/mine.txt", "mine\n");
		await move(ledgerOf(made));
		expect(changedIn(made)).toEqual(MOVED);
		expect(made.git("status", "--porcelain", "--untracked-files=all")).toBe("?? tasks/runs/mine.txt");
		expect(readdirSync(join(made.path, "tasks", "runs"))).toEqual(["mine.txt"]);
		expect(made.read(TO)).toBe(TEXT);
	});

	test("takes a folder away that its last file and its last folder leave together", async () => {
		const outer = "tasks/archive/2024/runs-0000000000000000.jsonl";
		const inner = "tasks/archive/2024/runs/tsk_0000000001/run_20240101T000000Z_00000001/summary.md";
		for (const order of [
			[outer, inner],
			[inner, outer],
		]) {
			const made = await withTask({ [outer]: "x\n", [inner]: "x\n" });
			await move(
				ledgerOf(made),
				order.map((path) => ({ path, content: null })),
			);
			expect(existsSync(join(made.path, "tasks", "archive"))).toBe(false);
		}
	});

	test("is none where the files are gone already", async () => {
		const made = await withTask();
		await move(ledgerOf(made));
		expect((await move(ledgerOf(made))).commit).toBeNull();
	});

	test("commits a hand edit of what it removes first", async () => {
		const made = await withTask();
		made.write(FROM, `${TEXT}by hand\n`);
		await move(ledgerOf(made));
		expect(made.git("log", "-2", "--format=%s")).toBe(`task(${ID}): move\ntask(${ID}): edited by hand`);
		expect(made.git("show", `HEAD^:${FROM}`)).toContain("by hand");
		expect(changedIn(made)).toEqual(MOVED);
	});

	test("refuses where something else is staged at the path, and touches nothing", async () => {
		const made = await withTask();
		made.write(FROM, "staged\n");
		made.git("add", FROM);
		made.write(FROM, TEXT);
		const status = made.git("status", "--porcelain");
		await expect(move(ledgerOf(made))).rejects.toMatchObject({ code: "staged_differently" });
		made.git("reset", "--quiet", FROM);
		made.git("rm", "--quiet", "--cached", FROM);
		await expect(move(ledgerOf(made))).rejects.toMatchObject({ code: "staged_differently" });
		expect(status).toBe(`MM ${FROM}`);
		expect(moved(made)).toEqual({ from: true, to: false });
	});

	test("takes a removal that the user staged as what it wants", async () => {
		const made = await withTask();
		made.git("rm", "--quiet", FROM);
		await move(ledgerOf(made));
		expect(changedIn(made)).toEqual(MOVED);
		expect(made.git("status", "--porcelain")).toBe("");
	});

	test.each(["stage", "off"] as const)(
		"with ledger.commit = %s changes index and files only as far as it says",
		async (commit) => {
			const made = await withTask();
			const head = made.git("rev-parse", "HEAD");
			await move(ledgerOf(made, { settings: { commit } } as TestLedgerOptions));
			expect(moved(made)).toEqual({ from: false, to: true });
			const staged = [`R  ${FROM} -> ${TO}`, `D  ${RUN}/summary.md`];
			const status = made.git("status", "--porcelain", "--untracked-files=all").split("\n");
			expect(status.sort()).toEqual(
				(commit === "stage" ? staged : [` D ${FROM}`, ` D ${RUN}/summary.md`, `?? ${TO}`]).sort(),
			);
			expect(made.git("rev-parse", "HEAD")).toBe(head);
		},
	);
});

describe("a move that fails", () => {
	test.each([
		"ledger.objects-written",
		"ledger.journal-written",
		"ledger.file-written",
		"ledger.file-written:2",
		"ledger.file-written:3",
		"ledger.files-written",
		"index.locked",
		"ledger.index-written",
	])("at %s leaves all as it was", async (point) => {
		const made = await withTask();
		const head = made.git("rev-parse", "HEAD");
		armFailPoints({ MSGCODE_FAILPOINT: `${point}:throw` });
		await expect(move(ledgerOf(made))).rejects.toThrow();
		armFailPoints({});
		expect(moved(made)).toEqual({ from: true, to: false });
		expect(made.read(`${RUN}/summary.md`)).toBe("done\n");
		expect(made.git("status", "--porcelain", "--untracked-files=all")).toBe("");
		expect(made.git("rev-parse", "HEAD")).toBe(head);
		expect(existsSync(join(made.path, "tasks", "archive"))).toBe(false);
	});

	test("gives an edit back that no commit holds", async () => {
		const made = await withTask();
		made.write(FROM, "only here\n");
		armFailPoints({ MSGCODE_FAILPOINT: "ledger.files-written:throw" });
		await expect(move(ledgerOf(made, { settings: { commit: "off" } }))).rejects.toThrow();
		expect(made.read(FROM)).toBe("only here\n");
	});
});

describe("a move that is killed", () => {
	test.each([
		"ledger.journal-written",
		"ledger.file-written",
		"ledger.file-written:2",
		"ledger.file-written:3",
		"ledger.files-written",
		"index.locked",
		"index.renamed",
		"ledger.index-written",
		"ledger.ref-moved",
	])("at %s is finished by the next command", async (point) => {
		const made = await withTask();
		killed(made, point);
		expect(Object.values(moved(made))).toContain(true);
		await settle(made);
		expect(moved(made)).toEqual({ from: false, to: true });
		expect(changedIn(made)).toEqual(MOVED);
		expect(made.git("status", "--porcelain", "--untracked-files=all")).toBe("");
		expect(readdirSync(join(made.path, ".git", "msgcode")).filter((name) => /journal|lock$/.test(name))).toEqual([]);
	});

	test("keeps what somebody wrote since at the place that it was to empty", async () => {
		const made = await withTask();
		killed(made, "ledger.file-written");
		appendFileSync(join(made.path, FROM), "written since\n");
		await settle(made);
		expect(made.read(FROM)).toBe(`${TEXT}written since\n`);
		expect(made.read(TO)).toBe(TEXT);
	});

	test("waits where the branch is another one by then, and goes in where it can", async () => {
		const made = await withTask();
		made.git("branch", "other");
		killed(made, "ledger.journal-written");
		made.git("symbolic-ref", "HEAD", "refs/heads/other");
		writeFileSync(join(made.path, FROM), `${TEXT}on the other branch\n`);
		made.git("commit", "--quiet", "-m", "theirs", "--", FROM);
		await settle(made);
		expect(moved(made)).toEqual({ from: true, to: false });
		expect(listPending(join(made.path, ".git", "msgcode"))).toHaveLength(1);
		made.git("switch", "--quiet", "main");
		await settle(made);
		expect(moved(made)).toEqual({ from: false, to: true });
		expect(listPending(join(made.path, ".git", "msgcode"))).toHaveLength(0);
	});

	test("does not take a folder away into which somebody put a file meanwhile", async () => {
		const made = await withTask();
		killed(made, "ledger.journal-written");
		made.write(`${RUN}/note.txt`, "mine\n");
		await settle(made);
		expect(made.read(`${RUN}/note.txt`)).toBe("mine\n");
		rmSync(join(made.path, RUN), { recursive: true });
		expect(made.git("status", "--porcelain")).toBe("");
	});
});

/** A process of its own that makes the move and dies at the point. */
function killed(made: Repo, point: string): void {
	const script = `
		import { armFailPoints } from ${JSON.stringify(source("core/failpoint.ts"))};
		import { openLedger } from ${JSON.stringify(source("ledger/ledger.ts"))};
		import { changeLedger } from ${JSON.stringify(source("ledger/change/transaction.ts"))};
		import { openWorkspace } from ${JSON.stringify(source("ledger/workspace.ts"))};
		const settings = { commit: "auto", lockTimeoutMs: 1000, sign: false, events: "local" };
		const rest = { actorName: null, command: "test", useIndex: true, now: Date.now, warn() {} };
		const ledger = openLedger({ workspace: openWorkspace(process.cwd()), env: process.env, settings, ...rest });
		armFailPoints(process.env);
		await changeLedger(ledger, () => (${JSON.stringify({ writes: MOVE, message, value: null })}));
	`;
	const env = { ...made.env, MSGCODE_FAILPOINT: point };
	const ended = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
		cwd: made.path,
		env,
		encoding: "utf8",
	});
	if (ended.signal !== "SIGKILL") throw new Error(`not killed at ${point} (exit ${ended.status}): ${ended.stderr}`);
}

function source(file: string): string {
	return fileURLToPath(new URL(`../../../src/${file}`, import.meta.url));
}
