// Landings and rejections: of the right run, not both, and each landing's commit holds what the run's changes give.
import { entryAt } from "../git/tree-edit.ts";
import { LIVE } from "../ledger/paths.ts";
import type { Receipt } from "../ledger/runs/receipt.ts";
import type { Landing } from "../ledger/runs/runs.ts";
import { fromTop, globPathspec } from "../ledger/workspace.ts";
import { type ProvenResult, wholeTree } from "./check-results.ts";
import { type Finding, finding, fromHistory } from "./finding.ts";
import type { WalkedCommit } from "./history-walk.ts";
import { landingCodeFinding } from "./landing-code.ts";
import type { Look } from "./look.ts";
import type { RunHistory } from "./run-history.ts";
import { bytesOf, type RunPlace } from "./snapshot.ts";

export async function checkLandings(
	look: Look,
	told: RunHistory,
	proven: ReadonlyMap<string, ProvenResult>,
): Promise<Finding[]> {
	const findings: Finding[] = [];
	for (const run of look.snapshot.runs.values()) {
		if (run.newer || look.isLive(run.runId)) continue;
		const landing = run.names.has("landing.json") ? readDecision(look, run, "landing.json") : null;
		const rejection = run.names.has("rejection.json") ? readDecision(look, run, "rejection.json") : null;
		for (const decision of [landing, rejection]) if (decision?.wrong != null) findings.push(decision.wrong);
		if (landing?.said == null) continue;
		const commit = landingCommit(look, told, run);
		if (
			rejection?.said != null &&
			!(await wasRejectedBefore(look, run, commit)) &&
			!(await wasRejectedApart(look, run, commit))
		) {
			const message = `The run ${run.runId} has landed and was rejected as well.`;
			const hint = `See which came first: git log -- ${run.folder}`;
			findings.push(finding("landed_and_rejected", { ...place(run, "rejection.json"), message, hint }));
		}
		if (run.receipt === null) continue;
		const wrong =
			landingFinding(run, run.receipt, landing.said) ??
			(commit === null
				? null
				: await landingCodeFinding(look, run.receipt, landing.said.parent, commit, proven.get(run.runId) ?? null));
		if (wrong !== null) findings.push(wrong);
	}
	return findings;
}

type Decision = { readonly said: Landing; readonly wrong: null } | { readonly said: null; readonly wrong: Finding };

/** What the file says, or what is wrong with it. Of a rejection only the run counts. */
function readDecision(look: Look, run: RunPlace, name: "landing.json" | "rejection.json"): Decision {
	const fail = (what: string) => {
		const at = place(run, name);
		const code = name === "landing.json" ? "landing_invalid" : "rejection_invalid";
		return { said: null, wrong: finding(code, { ...at, message: `${at.file} ${what}.`, hint: fromHistory(at.file) }) };
	};
	const bytes = bytesOf(look.ledger.workspace.root, `${run.folder}/${name}`);
	try {
		const said = JSON.parse(String(bytes)) as Landing | null;
		if (bytes === null || said === null || typeof said !== "object") return fail("cannot be read");
		return said.runId === run.runId ? { said, wrong: null } : fail(`is not of ${run.runId}`);
	} catch {
		return fail("cannot be read");
	}
}

function landingFinding(run: RunPlace, receipt: Receipt, landing: Landing): Finding | null {
	const at = place(run, "landing.json");
	const { patch, noChanges } = receipt;
	if (patch === null || noChanges || patch.withheld === "secret") {
		const why = patch?.withheld === "secret" ? "whose patch is withheld" : "that has no changes";
		const message = `A landing is on record for ${run.runId}, ${why}.`;
		return finding("landing_without_patch", { ...at, message, hint: fromHistory(at.file) });
	}
	if (landing.patchSha256 === patch.sha256) return null;
	const message = `${at.file} names another patch than the receipt of ${run.runId}.`;
	return finding("landing_other_patch", { ...at, message, hint: fromHistory(at.file) });
}

/** The last commit that wrote landing.json as it is; null while it is not committed. */
function landingCommit({ head }: Look, told: RunHistory, run: RunPlace): WalkedCommit | null {
	const committed = head.files.get(`${run.folder}/landing.json`);
	const births = told.landings.get(run.runId) ?? [];
	return births.findLast(({ oid }) => oid === committed)?.commit ?? null;
}

/** A rejected run can be landed all the same, by its name: its landing then knows of the rejection. */
async function wasRejectedBefore(look: Look, run: RunPlace, commit: WalkedCommit | null): Promise<boolean> {
	if (commit === null) return true;
	const tree = await wholeTree(look.reader, commit.facts.oid);
	const path = fromTop(look.ledger.workspace, `tasks/runs/${run.taskId}/${run.runId}/rejection.json`);
	return (await entryAt(look.reader, tree, path)) !== null;
}

/** Two clones decide differently and merge: each decision was sound where it was made, and the landing counts. */
async function wasRejectedApart(look: Look, run: RunPlace, landing: WalkedCommit | null): Promise<boolean> {
	const { git, workspace } = look.ledger;
	const file = globPathspec(workspace, `${LIVE}/**/runs/${run.taskId}/${run.runId}/rejection.json`);
	const how = ["--full-history", "--no-merges", "--diff-filter=A", "--no-renames", "--format=%H"];
	const { stdout } = await git(["log", ...how, "HEAD", "--", file]);
	const born = stdout.toString("utf8").trim().split("\n").at(-1) ?? "";
	if (born === "" || landing === null) return false;
	const ancestor = await git(["merge-base", "--is-ancestor", landing.facts.oid, born], { accept: [0, 1] });
	return ancestor.code === 1;
}

function place(run: RunPlace, name: string) {
	return { file: `${run.folder}/${name}`, runId: run.runId, taskId: run.taskId };
}
