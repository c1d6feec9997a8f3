// A run as the description of a pull request: what was asked, what came of it, what to look at before it is merged.
// Invariant: pure and plain Markdown that fits a forge's limit; what was cut off says so, and what others wrote calls nobody.
import { shellWord } from "../../core/shell-word.ts";
import type { ChangedFile } from "../../git/patch.ts";
import { markdownBlock, markdownCode, markdownText, plainTitle, shortened } from "./markdown.ts";
import type { Receipt } from "./receipt.ts";
import type { Rejection } from "./runs.ts";
import { seconds } from "./summary.ts";

export interface PullRequestFacts {
	readonly receipt: Receipt;
	readonly title: string;
	/** What the runner was asked, as the task says now; null for a sensitive task. */
	readonly prompt: string | null;
	/** Whether the prompt is another one by now. */
	readonly promptChanged: boolean;
	/** What the runner said last; empty for a sensitive task. */
	readonly lastWords: string;
	readonly files: readonly DescribedFile[];
	readonly landing: { readonly commit: string | null; readonly parent: string } | null;
	readonly rejection: Rejection | null;
	/** The patch, relative to the repository's top folder; null where the ledger has none. */
	readonly patchPath: string | null;
	/** The patch's added lines hold characters that change how they look. */
	readonly hidesText: boolean;
}

/** Modes and kind are there where the run's result is. */
export type DescribedFile = Pick<ChangedFile, "path" | "insertions" | "deletions"> & Partial<ChangedFile>;

export interface PullRequest {
	readonly title: string;
	readonly body: string;
}

/** GitHub takes 65,536 characters of a description and 256 of a title. */
export const BODY_LIMIT = 65_536;
const TITLE_LIMIT = 200;

/** How much of each list and text is shown; all of them shrink until the whole fits. */
interface Room {
	readonly characters: number;
	readonly rows: number;
}

export function describePullRequest(facts: PullRequestFacts): PullRequest {
	const title = plainTitle(facts.title, TITLE_LIMIT) || facts.receipt.taskId;
	for (let room: Room = { characters: 16_000, rows: 200 }; ; room = halved(room)) {
		const body = bodyOf(facts, room);
		if (body.length < BODY_LIMIT || room.rows <= 1) return { title, body };
	}
}

function halved({ characters, rows }: Room): Room {
	return { characters: Math.floor(characters / 2), rows: Math.floor(rows / 2) };
}

function bodyOf(facts: PullRequestFacts, room: Room): string {
	const { receipt, prompt, lastWords } = facts;
	const asked =
		prompt === null
			? `The task is sensitive: its prompt is not repeated here (${receipt.promptDigest.length} bytes, sha-256 \`${receipt.promptDigest.sha256.slice(0, 12)}\`).`
			: prompt.trim() === ""
				? "Nothing beyond the title."
				: quoted(prompt.trim(), room, "the task's own file");
	const sections: readonly (readonly [string, string])[] = [
		["", headline(facts)],
		["What was asked", asked],
		["What the runner said", lastWords.trim() === "" ? "" : quoted(lastWords.trim(), room, "`summary.md`")],
		["Look at this", listed(attention(facts), room)],
		["Checks", receipt.checks.length === 0 ? "None were run." : listed(checkRows(receipt), room)],
		["Files", filesOf(facts, room)],
		["Apply", howToApply(facts)],
		["Run", listed(runRows(receipt), room)],
	];
	return `${sections
		.filter(([, text]) => text !== "")
		.map(([heading, text]) => (heading === "" ? text : `## ${heading}\n\n${text}`))
		.join("\n\n")}\n`;
}

function headline({ receipt, landing, rejection }: PullRequestFacts): string {
	const { status, errorCode, errorMessage, patch, noChanges, mode } = receipt;
	const outcome =
		errorCode === null
			? `**${markdownText(status)}**`
			: `**${markdownText(status)}** (\`${errorCode}\`: ${markdownText(errorMessage ?? "")})`;
	const changed =
		mode === "in-place"
			? "it worked in the checkout itself, so its changes are not recorded"
			: noChanges || patch === null
				? "nothing changed"
				: `${patch.files} ${patch.files === 1 ? "file" : "files"} changed, +${patch.insertions} −${patch.deletions}`;
	const fate =
		landing !== null
			? `Landed${landing.commit === null ? "" : ` as \`${landing.commit.slice(0, 12)}\``}, on \`${landing.parent.slice(0, 12)}\`.`
			: rejection !== null
				? `Rejected: ${markdownText(rejection.reason)}`
				: "Not landed.";
	return `Run of task \`${receipt.taskId}\`: ${outcome}, ${changed}. ${fate}`;
}

/** What a reviewer should know before anything else, the gravest first. */
function attention(facts: PullRequestFacts): string[] {
	const { receipt, files, promptChanged, hidesText } = facts;
	const rows: string[] = [];
	const place = ({ path }: DescribedFile) => markdownCode(path, 200);
	const about = (what: string, which: readonly DescribedFile[]) => {
		if (which.length > 0)
			rows.push(
				`${what}: ${which.slice(0, 10).map(place).join(", ")}${which.length > 10 ? ` and ${which.length - 10} more` : ""}`,
			);
	};
	if (receipt.status !== "ok") rows.push("The run did not end well; the files are as far as it came.");
	for (const { rule, file, line } of receipt.secrets) {
		const allowed =
			receipt.secretsAllowed === undefined ? "" : `, allowed by ${markdownText(receipt.secretsAllowed.actor)}`;
		rows.push(`Looks like a secret (${markdownText(rule)}): ${markdownCode(file, 200)}, line ${line}${allowed}`);
	}
	if (receipt.patch?.withheld !== undefined)
		rows.push(`The patch is withheld (${receipt.patch.withheld}): it is not in the repository.`);
	if (hidesText)
		rows.push("Added lines hold control or reordering characters: what you see may not be what is executed.");
	about(
		"Executed by git, a build or a service",
		files.filter(({ path }) => EXECUTED.test(path)),
	);
	about(
		"Becomes executable",
		files.filter(({ oldMode, newMode }) => newMode === "100755" && oldMode !== "100755"),
	);
	about(
		"Symbolic link",
		files.filter(({ newMode }) => newMode === "120000"),
	);
	about(
		"Submodule",
		files.filter(({ newMode, oldMode }) => newMode === "160000" || oldMode === "160000"),
	);
	about(
		"Binary, so its lines cannot be read",
		files.filter(({ insertions }) => insertions === null),
	);
	if (receipt.treeAfterChecks !== null && receipt.treeAfterChecks !== receipt.tree) {
		rows.push("The checks changed files; those changes are not part of the patch.");
	}
	if (promptChanged) rows.push("The task was edited after the run: what stands above is its text of now.");
	for (const { message, paths = [] } of receipt.warnings) {
		const where =
			paths.length === 0
				? ""
				: `: ${paths
						.slice(0, 10)
						.map((path) => markdownCode(path, 200))
						.join(", ")}${paths.length > 10 ? " …" : ""}`;
		rows.push(`${markdownText(message.replace(/\.$/, ""))}${where}`);
	}
	return rows;
}

/** Files that are run by merging, installing, building or checking out, without anybody calling them. */
const EXECUTED =
	/(?:^|\/)(?:\.github\/(?:workflows|actions)\/|\.gitlab-ci|\.gitea\/|\.forgejo\/|\.circleci\/|\.husky\/|\.githooks\/|\.gitattributes$|\.gitmodules$|Jenkinsfile|Dockerfile|Makefile$|package\.json$|package-lock\.json$|\.npmrc$|\.envrc$|msgcode\.toml$|\.vscode\/|\.idea\/|setup\.py$|pyproject\.toml$|build\.rs$|\.pre-commit-config)/i;

function checkRows(receipt: Receipt): string[] {
	return receipt.checks.map(({ status, command, exitCode, durationMs }) => {
		const outcome = status === "ok" ? "passed" : `**${markdownText(status)}**`;
		return `${outcome}: ${markdownCode(command)} (exit ${exitCode ?? "none"}, ${seconds(durationMs)})`;
	});
}

function filesOf({ receipt, files }: PullRequestFacts, room: Room): string {
	if (receipt.mode === "in-place") return "";
	if (files.length === 0) return receipt.noChanges ? "None." : "They are not known in this clone.";
	const rows = files.map(({ path, from, status, insertions, deletions }) => {
		const counts = insertions === null ? "binary" : `+${insertions} −${deletions}`;
		const kind = status === undefined || status === "modified" ? "" : ` ${status}`;
		return `${markdownCode(path, 200)}${from === undefined ? "" : ` (from ${markdownCode(from, 200)})`}${kind} ${counts}`;
	});
	return listed(rows, room);
}

function howToApply({ receipt, landing, patchPath }: PullRequestFacts): string {
	if (landing !== null || receipt.noChanges || receipt.mode === "in-place") return "";
	const base = receipt.baseCommit === null ? "" : `, on a checkout that holds \`${receipt.baseCommit.slice(0, 12)}\``;
	const rows = [`With msgcode: \`msgcode task apply ${receipt.taskId} --run ${receipt.runId}\``];
	if (patchPath !== null)
		rows.push(`With git alone, from the top folder${base}: ${markdownCode(`git apply ${shellWord(patchPath)}`, 2000)}`);
	return rows.map((row) => `- ${row}`).join("\n");
}

function runRows(receipt: Receipt): string[] {
	const { runId, runner, baseCommit, durationMs, endedAt, attempts, usage, actor } = receipt;
	const { inputTokens, outputTokens, costUsd } = usage ?? {};
	const used = [
		...(inputTokens == null ? [] : [`${inputTokens} tokens in`]),
		...(outputTokens == null ? [] : [`${outputTokens} tokens out`]),
		...(costUsd == null ? [] : [`${costUsd.toFixed(4)} USD`]),
	];
	return [
		`Id: \`${runId}\``,
		`Runner: ${markdownCode(runner.kind)}${runner.model == null ? "" : `, model ${markdownCode(runner.model)}`}${runner.version == null ? "" : `, version ${markdownCode(runner.version)}`}`,
		`Started by ${markdownText(actor)}`,
		`Base: ${baseCommit === null ? "none" : `\`${baseCommit}\``}`,
		`Ended ${endedAt}, after ${seconds(durationMs)}${attempts.length > 1 ? ` and ${attempts.length} attempts` : ""}`,
		...(used.length === 0 ? [] : [`Usage: ${used.join(", ")}`]),
	];
}

function quoted(text: string, { characters }: Room, whole: string): string {
	const shown = shortened(text, characters);
	const cut = shown === text ? "" : `\n\n(Cut here: ${[...text].length} characters in all; the whole is in ${whole}.)`;
	return `${markdownBlock(shown)}${cut}`;
}

function listed(rows: readonly string[], room: Room): string {
	const shown = rows.slice(0, room.rows).map((row) => `- ${row}`);
	if (rows.length > shown.length) shown.push(`- … and ${rows.length - shown.length} more`);
	return shown.join("\n");
}
