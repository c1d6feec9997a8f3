// summary.md of a run: what was asked, what came of it, and how to land or drop it. It reads on its own in a pull request.
// Invariant: it names no absolute path, is plain CommonMark that every forge renders alike, and nothing that a runner, a
// title or a file's name says can be taken for a part of it.
import type { ChangedFile } from "../../git/patch.ts";
import { markdownBlock, markdownCode, markdownText } from "./markdown.ts";
import type { Receipt } from "./receipt.ts";

export interface SummaryFacts {
	readonly title: string;
	/** What the runner said last; empty for a sensitive task. */
	readonly lastWords: string;
	readonly files: readonly ChangedFile[];
}

const MAX_FILES = 200;
const LAST_WORDS = "## What the runner said last";

export function formatSummary(receipt: Receipt, facts: SummaryFacts): string {
	const sections = [
		`# ${markdownText(facts.title)}`,
		`${headline(receipt)}\n\n${facts.title === "" ? "" : `Task \`${receipt.taskId}\`, run \`${receipt.runId}\`, runner \`${receipt.runner.kind}\`${receipt.runner.model === null ? "" : ` (${markdownText(receipt.runner.model)})`}, ${seconds(receipt.durationMs)}.`}`,
		`Asked: ${receipt.promptDigest.length} bytes, sha-256 \`${receipt.promptDigest.sha256.slice(0, 12)}\`. Base: ${receipt.baseCommit === null ? "none" : `\`${receipt.baseCommit.slice(0, 12)}\``}.`,
		facts.lastWords.trim() === "" ? "" : `${LAST_WORDS}\n\n${markdownBlock(facts.lastWords.trim())}`,
		`## Files\n\n${fileList(receipt, facts.files)}`,
		receipt.checks.length === 0 ? "" : `## Checks\n\n${checkList(receipt)}`,
		receipt.warnings.length === 0 ? "" : `## Warnings\n\n${warningList(receipt)}`,
		receipt.secrets.length === 0 ? "" : secretList(receipt),
		receipt.mode === "worktree"
			? `## What next\n\n${whatNext(receipt)}`
			: "## What next\n\nThe run had no worktree: its changes, if any, are in the checkout, uncommitted.",
	];
	return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

/** The runner's last words back from a summary; empty where it has none. */
export function lastWordsOf(summary: string): string {
	const start = summary.indexOf(`\n${LAST_WORDS}\n\n`);
	if (start < 0) return "";
	// The first such heading is the summary's own: what stands above it is one line each.
	const [, fence = "", words = ""] =
		/^(`{3,})text\n([\s\S]*)$/.exec(summary.slice(start + LAST_WORDS.length + 3)) ?? [];
	const end = `${words}\n`.indexOf(`\n${fence}\n`);
	return fence === "" || end < 0 ? "" : words.slice(0, end);
}

function headline(receipt: Receipt): string {
	const code = receipt.errorCode === null ? "" : ` (\`${receipt.errorCode}\`: ${receipt.errorMessage})`;
	// Without a worktree nobody has looked at what was changed.
	const changes = receipt.noChanges && receipt.mode === "worktree" ? "It changed nothing." : "";
	return [`**${receipt.status}**${code}.`, changes].filter((part) => part !== "").join(" ");
}

function fileList(receipt: Receipt, files: readonly ChangedFile[]): string {
	if (receipt.mode === "in-place") return "Not recorded: the run had no worktree.";
	if (files.length === 0) return "No file was changed.";
	const rows = files.slice(0, MAX_FILES).map((file) => {
		const counts = file.insertions === null ? "binary" : `+${file.insertions} −${file.deletions}`;
		const from = file.from === undefined ? "" : ` (from ${markdownCode(file.from)})`;
		return `- ${file.status} ${markdownCode(file.path)}${from} ${counts}`;
	});
	if (files.length > MAX_FILES) rows.push(`- … and ${files.length - MAX_FILES} more`);
	return rows.join("\n");
}

function checkList(receipt: Receipt): string {
	return receipt.checks
		.map(
			(check) =>
				`- ${check.status === "ok" ? "passed" : `**${check.status}**`}: ${markdownCode(check.command)} (exit ${check.exitCode ?? "none"}, ${seconds(check.durationMs)})`,
		)
		.join("\n");
}

function warningList(receipt: Receipt): string {
	return receipt.warnings
		.map((warning) => {
			const paths =
				warning.paths === undefined
					? ""
					: `: ${warning.paths
							.slice(0, 20)
							.map((path) => markdownCode(path))
							.join(", ")}${warning.paths.length > 20 ? " …" : ""}`;
			return `- ${markdownText(warning.message.replace(/\.$/, ""))}${paths}`;
		})
		.join("\n");
}

function secretList(receipt: Receipt): string {
	const places = receipt.secrets.map(
		(secret) => `- ${markdownCode(secret.file)}, line ${secret.line}: looks like ${markdownText(secret.rule)}`,
	);
	const allowed = receipt.secretsAllowed;
	if (allowed !== undefined) {
		return `## Released\n\n${markdownText(allowed.actor)} allowed, at ${allowed.at}:\n\n${places.join("\n")}`;
	}
	return `## Withheld\n\nThe patch is not in the ledger because of:\n\n${places.join("\n")}\n\nAfter a look: \`msgcode run allow-secret ${receipt.runId}\`.`;
}

function whatNext(receipt: Receipt): string {
	if (receipt.noChanges) return "There is nothing to land.";
	const patch = receipt.patch;
	const lines = [
		`- Look at it: \`msgcode task diff ${receipt.taskId}\``,
		`- Land it: \`msgcode task apply ${receipt.taskId}\``,
	];
	if (patch !== null && patch.withheld === undefined) {
		lines.push(
			`- Or with git alone, on any clone that has the base: \`git -C "$(git rev-parse --show-toplevel)" apply <workspace>/${patch.path}\``,
		);
	}
	lines.push(`- Drop it: \`msgcode task reject ${receipt.taskId} --reason "…"\``);
	return lines.join("\n");
}

/** A length of time, for people. */
export function seconds(ms: number): string {
	return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
