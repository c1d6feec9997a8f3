// A ledger with many tasks, runs and landings, written by `git fast-import` as the commands would have written it.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { formatMessage } from "../../src/ledger/message.ts";
import { formatReceipt, type Receipt, runLineOf } from "../../src/ledger/runs/receipt.ts";
import { formatRecord } from "../../src/ledger/task/record.ts";
import type { Repo } from "./repo.ts";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const MODE = "100644";

interface ManyRun {
	readonly taskId: string;
	readonly runId: string;
	readonly file: string;
	readonly content: string;
}

/** `count` tasks with one run each; every second run has landed. The repository must have a ledger and be clean. */
export async function addManyRuns(place: Repo, count: number): Promise<void> {
	const base = place.git("rev-parse", "HEAD");
	const baseTree = place.git("rev-parse", "HEAD^{tree}");
	const runs = Array.from({ length: count }, (_, at) => manyRun(at));
	const importer = openImporter(place);
	for (const { runId, file, content } of runs) {
		const change = `M ${MODE} inline ${file}\n${data(content)}`;
		await importer.commit(`refs/msgcode/runs/${runId}`, "result", base, change);
	}
	await importer.end();
	const trees = treesOf(place);
	const codeTrees = new Map(runs.map(({ runId }) => [runId, trees.get(runId) ?? ""]));
	const { uid } = JSON.parse(place.read("tasks/ledger.json"));
	const again = openImporter(place);
	let tip: string | null = null;
	let log = "";
	for (const [at, run] of runs.entries()) {
		const { taskId, runId, file, content } = run;
		const facts = { id: taskId, createdAtMs: 1_700_000_000_000 + at, workspace: { uid, path: "." } };
		const record = formatRecord({
			schemaVersion: 1,
			...facts,
			route: null,
			status: "open",
			closed: null,
			removed: null,
		});
		const added = [
			[`tasks/${taskId}.md`, `---\ntitle: Task ${at}\n---\n\nDo it.\n`],
			[`tasks/${taskId}.json`, record],
		] as const;
		tip = await again.commit(
			"refs/heads/main",
			formatMessage({ op: "add", summary: "add", taskId }, "A"),
			tip === null ? base : null,
			files(added),
		);
		const folder = `tasks/runs/${taskId}/${runId}`;
		const patch = patchOf(file, content);
		const receipt = receiptOf(run, base, baseTree, codeTrees.get(runId) ?? "", patch);
		log += `${JSON.stringify(runLineOf(receipt, { sha256: "0".repeat(64), length: 0 }))}\n`;
		const ran = [
			[`${folder}/run_receipt.json`, formatReceipt(receipt)],
			[`${folder}/summary.md`, "# Done\n"],
			[`${folder}/patch.diff`, patch],
			["tasks/runs.jsonl", log],
		] as const;
		tip = await again.commit(
			"refs/heads/main",
			formatMessage({ op: "run", summary: "run ok", taskId, runId }, "A"),
			null,
			files(ran),
		);
		if (at % 2 === 1) continue;
		const landing = { runId, parent: tip, patchSha256: receipt.patch?.sha256, atMs: 1_700_000_000_000 };
		const landed = [
			[`${folder}/landing.json`, JSON.stringify(landing)],
			[file, content],
		] as const;
		tip = await again.commit(
			"refs/heads/main",
			formatMessage({ op: "apply", summary: "land", taskId, runId }, "A"),
			null,
			files(landed),
		);
	}
	await again.end();
	place.git("reset", "--quiet", "--hard", "main");
}

function manyRun(at: number): ManyRun {
	let rest = BigInt.asUintN(50, BigInt(at + 1) * 0x9e3779b97f4a7n);
	let id = "";
	for (let i = 0; i < 10; i += 1) {
		id += ALPHABET[Number(rest & 31n)];
		rest >>= 5n;
	}
	const runId = `run_20240101T000000Z_${at.toString(16).padStart(8, "0")}`;
	return { taskId: `tsk_${id}`, runId, file: `src/part${at % 50}/file${at}.txt`, content: `line ${at}\nanother\n` };
}

function receiptOf(run: ManyRun, base: string, baseTree: string, tree: string, patch: string): Receipt {
	const { taskId, runId } = run;
	const sha256 = createHash("sha256").update(patch).digest("hex");
	return {
		schemaVersion: 1,
		runId,
		taskId,
		scheduledAt: null,
		status: "ok",
		errorCode: null,
		errorMessage: null,
		details: {},
		startedAt: "2024-01-01T00:00:00.000Z",
		endedAt: "2024-01-01T00:00:01.000Z",
		durationMs: 1000,
		trigger: "manual",
		actor: "A",
		mode: "worktree",
		runner: { kind: "shell", model: null, version: null, argv: [] },
		baseCommit: base,
		baseCodeTree: baseTree,
		tree,
		codeTree: tree,
		treeAfterChecks: null,
		ref: `refs/msgcode/runs/${runId}`,
		patch: {
			path: `tasks/runs/${taskId}/${runId}/patch.diff`,
			sha256,
			bytes: Buffer.byteLength(patch),
			files: 1,
			insertions: 2,
			deletions: 0,
		},
		noChanges: false,
		checks: [],
		attempts: [],
		usage: { inputTokens: null, outputTokens: null, costUsd: null },
		resources: { peakRssBytes: null, cpuSeconds: null, survivorsKilled: 0 },
		artifacts: ["patch.diff", "summary.md"],
		events: null,
		approvalsRequested: [],
		secrets: [],
		warnings: [],
		promptDigest: { sha256: "0".repeat(64), length: 0 },
		session: null,
	};
}

function patchOf(file: string, content: string): string {
	const oid = createHash("sha1").update(`blob ${content.length}\0${content}`).digest("hex");
	const lines = content.trimEnd().split("\n");
	const head = [`diff --git a/${file} b/${file}`, `new file mode ${MODE}`, `index ${"0".repeat(40)}..${oid}`];
	const body = ["--- /dev/null", `+++ b/${file}`, `@@ -0,0 +1,${lines.length} @@`, ...lines.map((line) => `+${line}`)];
	return `${[...head, ...body].join("\n")}\n`;
}

function treesOf(place: Repo): ReadonlyMap<string, string> {
	const listed = place.git("for-each-ref", "--format=%(refname:lstrip=3) %(tree)", "refs/msgcode/runs/");
	return new Map(listed.split("\n").map((line) => line.split(" ") as [string, string]));
}

function openImporter(place: Repo) {
	const child = spawn("git", ["fast-import", "--quiet", "--done", "--force"], { cwd: place.path, env: place.env });
	const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	const time = `A <a@example.com> ${1_700_000_000} +0000`;
	let mark = 0;
	let said = "";
	child.stderr.on("data", (text) => {
		said += text;
	});
	child.stdin.on("error", () => {}); // its end tells why
	return {
		/** Writes one commit and gives its id. Without a parent it stands on what the branch has got in this import. */
		async commit(ref: string, message: string, parent: string | null, changes: string): Promise<string> {
			mark += 1;
			const from = parent === null ? "" : `from ${parent}\n`;
			const head = `commit ${ref}\nmark :${mark}\nauthor ${time}\ncommitter ${time}\n${data(message)}${from}`;
			child.stdin.write(`${head}${changes}\nget-mark :${mark}\n`);
			return String((await lines.next()).value);
		},
		async end() {
			child.stdin.end("done\n");
			const [code] = await once(child, "close");
			if (code !== 0) throw new Error(`git fast-import ended with ${code}: ${said}`);
		},
	};
}

function files(list: readonly (readonly [string, string])[]): string {
	return list.map(([path, content]) => `M ${MODE} inline ${path}\n${data(content)}`).join("");
}

function data(text: string): string {
	return `data ${Buffer.byteLength(text)}\n${text}\n`;
}
