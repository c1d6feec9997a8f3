// The one definition of a healthy ledger: what must be true whenever no msgcode command is at work, whatever was killed
// before. Free of vitest, so that the soak test uses it as well.
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type Ground, gitIn, readPlanted } from "./ground.ts";

/** Everything that keeps the ledger from being healthy, one sentence each; empty when nothing does. */
export function healthProblems(ground: Ground): string[] {
	const refs = refTrees(ground);
	return [
		...objectProblems(ground),
		...userWorkProblems(ground),
		...ledgerFileProblems(ground),
		...leftoverProblems(ground),
		...worktreeProblems(ground, refs),
		...runProblems(ground, refs),
		...processesOf(ground).map((line) => `a process of a run is still alive: ${line}`),
	];
}

/** Processes that any run of this workspace started, `pid command line`. */
export function processesOf(ground: Pick<Ground, "path">): string[] {
	const marker = `\0MSGCODE_WORKSPACE=${ground.path}\0`;
	return readdirSync("/proc").flatMap((name) => {
		if (!/^\d+$/.test(name)) return [];
		try {
			const environ = `\0${readFileSync(`/proc/${name}/environ`, "latin1")}\0`;
			if (!Buffer.from(environ, "latin1").toString("utf8").includes(marker) || !environ.includes("\0MSGCODE_RUN_ID="))
				return [];
			return [`${name} ${readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ")}`];
		} catch {
			return [];
		}
	});
}

function objectProblems(ground: Ground): string[] {
	try {
		const said = gitIn(ground, "fsck", "--connectivity-only", "--no-dangling", "--no-progress");
		return said.trim() === "" ? [] : [`git fsck: ${said.trim()}`];
	} catch (error) {
		return [`git fsck failed: ${(error as Error).message}`];
	}
}

function userWorkProblems(ground: Ground): string[] {
	const now = readPlanted(ground);
	const problems: string[] = [];
	if (now.status !== ground.planted.status) {
		problems.push(`git status shows ${JSON.stringify(now.status)} instead of ${JSON.stringify(ground.planted.status)}`);
	}
	if (now.entries !== ground.planted.entries) problems.push(`index entries of the user changed:\n${now.entries}`);
	for (const [file, content] of ground.planted.files) {
		if (now.files.get(file) !== content) problems.push(`the user's ${file} changed`);
	}
	return problems;
}

function ledgerFileProblems(ground: Ground): string[] {
	const problems: string[] = [];
	const committed = new Map(
		gitIn(ground, "ls-tree", "-r", "-z", "HEAD", "--", "tasks")
			.split("\0")
			.filter((line) => line !== "")
			.map((line): [string, string] => [line.slice(line.indexOf("\t") + 1), line.split(/[ \t]/)[2] ?? ""]),
	);
	const there = filesBelow(join(ground.path, "tasks"))
		.map((path) => relative(ground.path, path))
		.filter((path) => path !== "tasks/index.json" && path !== "tasks/draft.txt" && !path.endsWith("/events.jsonl"));
	for (const path of there) {
		const content = readFileSync(join(ground.path, path));
		const oid = createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
		if (committed.get(path) !== oid) problems.push(`${path} differs from HEAD`);
		committed.delete(path);
		if (/tsk_\w+\.json$/.test(path)) problems.push(...jsonProblems(path, content.toString("utf8")));
		if (/tsk_\w+\.md$/.test(path) && !there.includes(path.replace(/md$/, "json")))
			problems.push(`${path} has no record`);
		if (/tsk_\w+\.json$/.test(path) && !there.includes(path.replace(/json$/, "md")))
			problems.push(`${path} has no definition`);
	}
	for (const path of committed.keys()) problems.push(`${path} is in HEAD but not in the folder`);
	return problems;
}

function jsonProblems(path: string, text: string): string[] {
	try {
		const record = JSON.parse(text) as { id?: unknown };
		return typeof record.id === "string" && path.includes(record.id) ? [] : [`${path} has a wrong id`];
	} catch {
		return [`${path} is not JSON`];
	}
}

/** Names below .git/msgcode that may stay; a run's folder may hold what its receipt is about. */
const KEPT = /^(workspaces\.json|(?:approvals|claims|pending|runs|sessions|.*\.lock\.takers)(\/|$))/;

function leftoverProblems(ground: Ground): string[] {
	const state = join(ground.path, ".git/msgcode");
	const problems: string[] = [];
	for (const path of filesBelow(state)) {
		const name = relative(state, path);
		if (!KEPT.test(name)) problems.push(`.git/msgcode/${name} was left behind`);
		else if (/^(claims|pending|.*\.takers)\//.test(name)) problems.push(`.git/msgcode/${name} was left behind`);
		else if (name.includes(".msgcode-tmp-")) problems.push(`.git/msgcode/${name} was left behind`);
		else if (/^runs\/[^/]+\/scratch\//.test(name)) problems.push(`.git/msgcode/${name} was left behind`);
	}
	for (const folder of existsSync(state) ? readdirSync(state) : []) {
		if (/^(landing|merge-)/.test(folder)) problems.push(`.git/msgcode/${folder} was left behind`);
	}
	for (const name of readdirSync(join(ground.path, ".git"))) {
		if (name.endsWith(".lock") || name.startsWith("msgcode-index-")) problems.push(`.git/${name} was left behind`);
	}
	for (const path of filesBelow(join(ground.path, ".git/refs"))) {
		if (path.endsWith(".lock")) problems.push(`${relative(ground.path, path)} was left behind`);
	}
	for (const path of filesBelow(join(ground.path, "tasks"))) {
		if (path.includes(".msgcode-tmp-")) problems.push(`${relative(ground.path, path)} was left behind`);
	}
	return problems;
}

/** Worktrees, and refs that only a worktree or a waiting result may have. */
function worktreeProblems(ground: Ground, refs: ReadonlyMap<string, string>): string[] {
	const problems: string[] = [];
	const folder = join(ground.path, "worktrees");
	const there = new Set(existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []);
	const branches = new Set<string>();
	for (const block of gitIn(ground, "worktree", "list", "--porcelain", "-z").split("\0\0")) {
		const path = /^worktree (.*)/.exec(block.split("\0")[0] ?? "")?.[1];
		if (path === undefined || path === ground.path) continue;
		if (!there.delete(path)) problems.push(`git still knows the worktree ${path}, which is gone`);
		const branch = /\0branch refs\/heads\/([^\0]+)/.exec(block)?.[1];
		if (branch !== undefined) branches.add(branch);
	}
	for (const path of there) problems.push(`git does not know the worktree ${path}`);
	for (const ref of refs.keys()) {
		const branch = /^refs\/heads\/(msgcode\/.*)/.exec(ref)?.[1];
		if (branch !== undefined && !branches.has(branch)) problems.push(`the branch ${branch} has no worktree`);
		if (ref.startsWith("refs/msgcode/pending/")) problems.push(`${ref} was left behind`);
	}
	return problems;
}

interface ReceiptFacts {
	readonly runId: string;
	readonly status: string;
	readonly ref: string | null;
	readonly tree: string | null;
	readonly patch: { readonly sha256: string; readonly withheld?: string } | null;
}

function runProblems(ground: Ground, refs: ReadonlyMap<string, string>): string[] {
	const problems: string[] = [];
	const file = join(ground.path, "tasks/runs.jsonl");
	const text = existsSync(file) ? readFileSync(file, "utf8") : "";
	if (text !== "" && !text.endsWith("\n")) problems.push("runs.jsonl has a torn last line");
	const lines = new Map<string, { readonly taskId: string; readonly status: string }>();
	for (const line of text.split("\n").filter((row) => row !== "")) {
		const row = JSON.parse(line) as { runId: string; taskId: string; status: string };
		if (lines.has(row.runId)) problems.push(`runs.jsonl names ${row.runId} twice`);
		lines.set(row.runId, row);
	}
	const runs = join(ground.path, "tasks/runs");
	for (const taskId of existsSync(runs) ? readdirSync(runs) : []) {
		for (const runId of readdirSync(join(runs, taskId))) {
			const line = lines.get(runId);
			lines.delete(runId);
			if (line?.taskId !== taskId) problems.push(`the run folder of ${runId} has no line in runs.jsonl`);
			else problems.push(...receiptProblems(join(runs, taskId, runId), runId, line.status, refs));
		}
	}
	for (const runId of lines.keys()) problems.push(`runs.jsonl names ${runId}, which has no folder`);
	return problems;
}

/** Every ref with the tree of its commit. */
function refTrees(ground: Ground): ReadonlyMap<string, string> {
	const listed = gitIn(ground, "for-each-ref", "--format=%(refname) %(tree)").split("\n");
	return new Map(listed.map((line): [string, string] => [line.split(" ")[0] ?? "", line.split(" ")[1] ?? ""]));
}

function receiptProblems(folder: string, runId: string, status: string, refs: ReadonlyMap<string, string>): string[] {
	const path = join(folder, "run_receipt.json");
	if (!existsSync(path)) return [`${runId} has no receipt`];
	const receipt = JSON.parse(readFileSync(path, "utf8")) as ReceiptFacts;
	const problems: string[] = [];
	if (receipt.runId !== runId || receipt.status !== status)
		problems.push(`the receipt of ${runId} disagrees with its line`);
	if (!existsSync(join(folder, "summary.md"))) problems.push(`${runId} has no summary`);
	if (receipt.ref !== null && refs.get(receipt.ref) !== receipt.tree)
		problems.push(`${receipt.ref} does not hold the tree of ${runId}`);
	if (receipt.patch !== null && receipt.patch.withheld === undefined) {
		const patch = join(folder, "patch.diff");
		const sha256 = existsSync(patch) ? createHash("sha256").update(readFileSync(patch)).digest("hex") : "none";
		if (sha256 !== receipt.patch.sha256) problems.push(`the patch of ${runId} is not the receipt's`);
	}
	return problems;
}

function filesBelow(folder: string): string[] {
	if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
	return readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => !entry.isDirectory())
		.map((entry) => join(entry.parentPath, entry.name));
}
