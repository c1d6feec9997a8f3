// What a local model is sent: the task's text, the files that the task names, and in diff mode how a diff has to look.
// Invariant: the model cannot read files itself, so what it is to know of them stands in the text; nothing from outside
// the workspace gets there, and what was left out is said.

import type { RunnerRequest } from "../../runner.ts";
import { type NoFile, readWorkspaceFile } from "../workspace-file.ts";

const FILE_BYTES = 128 * 1024;
const ALL_BYTES = 512 * 1024;

export interface ChatMessage {
	readonly role: "system" | "user";
	readonly content: string;
}

const TEXT = "You carry out one task of a software project. Answer with the result alone.";
const DIFF = [
	"You carry out one task of a software project by changing its files.",
	"Answer with exactly one unified diff in one fenced block that begins with ```diff, and nothing else.",
	"Paths begin with a/ and b/, relative to the project's folder; /dev/null stands for a file that is not there.",
	"Each hunk begins with @@ -line,count +line,count @@ and has three unchanged lines around the change, copied exactly.",
].join("\n");

export function messagesFor({
	payload,
	workspacePath,
}: Pick<RunnerRequest, "payload" | "workspacePath">): ChatMessage[] {
	const files = filesAsText(workspacePath, payload.files ?? []);
	return [
		{ role: "system", content: payload.mode === "diff" ? DIFF : TEXT },
		{ role: "user", content: files === "" ? payload.prompt : `${payload.prompt.trimEnd()}\n\n${files}` },
	];
}

const WHY_NOT: Readonly<Record<NoFile, string>> = {
	outside: "not part of the project",
	absent: "does not exist yet",
	too_large: "left out, it is too large",
	not_a_file: "no plain file",
	unreadable: "cannot be read",
};

function filesAsText(root: string, paths: readonly string[]): string {
	let room = ALL_BYTES;
	const parts = paths.map((path) => {
		const content = readWorkspaceFile(root, path, Math.min(FILE_BYTES, room));
		if (typeof content === "string") return `File ${path}: ${WHY_NOT[content]}.`;
		if (content.includes(0)) return `File ${path}: left out, it is binary.`;
		room -= content.length;
		return `File ${path}:\n${fenced(content.toString("utf8"))}`;
	});
	return parts.length === 0 ? "" : `${parts.join("\n\n")}\n`;
}

/** A fence that is longer than any in the text. */
function fenced(text: string): string {
	const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([run]) => run.length));
	const fence = "`".repeat(longest + 1);
	return `${fence}\n${text}${text.endsWith("\n") || text === "" ? "" : "\n"}${fence}`;
}
