// What a local model is sent: the task's text, the files that the task names, and in diff mode how a diff has to look.
// Invariant: the model cannot read files itself, so what it is to know of them stands in the text; nothing from outside
// the workspace gets there, and what was left out is said.

import { closeSync, lstatSync, openSync, readSync, realpathSync } from "node:fs";
import { isAbsolute, join, sep } from "node:path";
import type { RunnerRequest } from "../../runner.ts";

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

function filesAsText(root: string, paths: readonly string[]): string {
	let room = ALL_BYTES;
	const parts: string[] = [];
	for (const path of paths) {
		const content = readInside(root, path, Math.min(FILE_BYTES, room));
		if (typeof content === "string") parts.push(`File ${path}: ${content}.`);
		else {
			room -= content.length;
			const text = content.toString("utf8");
			parts.push(`File ${path}:\n${fenced(text)}`);
		}
	}
	return parts.length === 0 ? "" : `${parts.join("\n\n")}\n`;
}

/** The file's bytes, or in words why they are not here. */
function readInside(root: string, path: string, room: number): Buffer | string {
	if (isAbsolute(path) || path.split(/[/\\]/).includes("..")) return "not part of the project";
	const file = join(root, path);
	try {
		// A link could lead out, and so could one of the folders above.
		if (!realpathSync(file).startsWith(`${realpathSync(root)}${sep}`)) return "not part of the project";
		const stat = lstatSync(file);
		if (!stat.isFile()) return stat.isDirectory() ? "a folder" : "no plain file";
		if (stat.size > room) return `left out, ${stat.size} bytes are too many`;
		const content = Buffer.alloc(stat.size);
		const handle = openSync(file, "r");
		try {
			const read = readSync(handle, content, 0, content.length, 0);
			const bytes = content.subarray(0, read);
			return bytes.includes(0) ? "left out, it is binary" : bytes;
		} finally {
			closeSync(handle);
		}
	} catch (cause) {
		return (cause as NodeJS.ErrnoException).code === "ENOENT" ? "does not exist yet" : "cannot be read";
	}
}

/** A fence that is longer than any in the text. */
function fenced(text: string): string {
	const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([run]) => run.length));
	const fence = "`".repeat(longest + 1);
	return `${fence}\n${text}${text.endsWith("\n") || text === "" ? "" : "\n"}${fence}`;
}
