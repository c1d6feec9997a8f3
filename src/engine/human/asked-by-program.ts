// How any program inside a run puts a question: a file in the run's own folder, which the process that supervises the run
// takes in; the answer is read where people put it, outside of what a runner may write.
// Invariant: a file that is no question is removed and asks nothing.

import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { join, relative } from "node:path";
import { createFile, ensureFolder, readFileIfThere, removeFileIfThere } from "../../core/files.ts";
import type { RunFolder } from "../run/run-folder.ts";

export interface ProgramQuestion {
	readonly asked: string;
	readonly prompt: string;
	readonly choices: readonly string[];
	readonly expiresAfterMs: number | null;
}

const MAX_BYTES = 64 * 1024;

/** Puts the question; gives the asker's id for it. */
export function askFromProgram(folder: RunFolder, question: Omit<ProgramQuestion, "asked">): string {
	const asked = randomUUID();
	ensureFolder(askedFolder(folder), 0o700);
	createFile(join(askedFolder(folder), `${asked}.json`), JSON.stringify({ asked, ...question }), {
		mode: 0o600,
		temporaryIn: folder.artifacts,
	});
	return asked;
}

/** What programs have asked since the last look. */
export function takeAsked(folder: RunFolder): ProgramQuestion[] {
	return namesIn(folder).flatMap((name) => {
		if (!/^[0-9a-f-]{36}\.json$/.test(name)) return [];
		const path = join(askedFolder(folder), name);
		const question = questionIn(path, name.slice(0, 36));
		try {
			removeFileIfThere(path);
		} catch {
			return []; // no file: it would be asked again and again
		}
		return question ?? [];
	});
}

/** Nothing where the folder is none of the run's own: the program could have put a link to another in its place. */
function namesIn(folder: RunFolder): string[] {
	const inbox = askedFolder(folder);
	try {
		if (!existsSync(inbox)) return [];
		return realpathSync(inbox) === join(realpathSync(folder.path), relative(folder.path, inbox))
			? readdirSync(inbox)
			: [];
	} catch {
		return [];
	}
}

function questionIn(path: string, asked: string): ProgramQuestion | null {
	try {
		const content = readFileIfThere(path, { maxBytes: MAX_BYTES });
		const value = JSON.parse(content?.toString("utf8") ?? "null") as Partial<ProgramQuestion> | null;
		if (typeof value?.prompt !== "string") return null;
		const choices = Array.isArray(value.choices) ? value.choices.filter((choice) => typeof choice === "string") : [];
		const expires = value.expiresAfterMs;
		return {
			asked,
			prompt: value.prompt,
			choices,
			expiresAfterMs: typeof expires === "number" && Number.isFinite(expires) && expires > 0 ? expires : null,
		};
	} catch {
		return null;
	}
}

function askedFolder(folder: RunFolder): string {
	return join(folder.artifacts, ".asked");
}
