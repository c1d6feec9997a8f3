// A runner of the user's own, and how a file of JSON in the user's config folder is read, with a sentence for what is wrong.
// Invariant: what others could have written is not read.

import { MsgcodeError } from "../core/errors.ts";
import { readFileIfThere } from "../core/files.ts";
import type { Capability } from "./capabilities.ts";
import { lookAt } from "./look-at.ts";

export interface UserRunner {
	readonly id: string;
	/** The file that declares it. */
	readonly file: string;
	/** What {RUNNER_DIR} stands for; null in the older form. */
	readonly folder: string | null;
	/** The older form names it beside its runners. */
	readonly modelRoot: string | null;
	readonly capability: Capability | null;
	readonly problem: string | null;
	/** What is declared and not heeded. */
	readonly note: string | null;
}

const MAX_FILE_BYTES = 256 * 1024;

/** The value in the last of the paths; a problem where one of the paths is not the user's alone, or there is no JSON. */
export function readOwnJson(
	...paths: readonly [string, ...string[]]
): { readonly value: unknown } | { readonly problem: string } {
	const problem = foreignProblem(paths);
	if (problem !== null) return { problem };
	const file = paths.at(-1) as string;
	try {
		const bytes = readFileIfThere(file, { maxBytes: MAX_FILE_BYTES });
		if (bytes === null) return { problem: `There is no ${file}.` };
		return { value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) };
	} catch (error) {
		if (error instanceof MsgcodeError) return { problem: error.message };
		return { problem: `${file} is not JSON in UTF-8.` };
	}
}

/** Of another user than this one and root, or writable by everybody; links are followed. Null = none of the paths is. */
export function foreignProblem(paths: readonly string[]): string | null {
	const foreign = paths.find((path) => {
		const stats = lookAt(path);
		if (stats === undefined) return false;
		const own = process.getuid?.() ?? stats.uid;
		return (stats.mode & 0o002) !== 0 || (stats.uid !== own && stats.uid !== 0);
	});
	return foreign === undefined
		? null
		: `${foreign} may be written by others, or belongs to somebody else, so it is not read.`;
}

interface Issue {
	readonly path: readonly PropertyKey[];
	readonly message: string;
	readonly keys?: readonly string[];
}

/** The first thing that a schema found wrong. */
export function firstIssue({ issues: [issue] }: { readonly issues: readonly Issue[] }): string {
	const where = (issue?.path ?? []).join(".");
	if (issue?.keys !== undefined) return `${where === "" ? "" : `${where}: `}No key is called ${issue.keys.join(", ")}.`;
	return `${where === "" ? "It" : where} has a wrong value (${issue?.message ?? "unknown"}).`;
}
