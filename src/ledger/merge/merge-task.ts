// Two versions of a ledger file as one, by the file's name: definitions and records by key, run logs by line.
// Invariant: nothing that a side wrote is lost, nothing is made up; what cannot be read is merged as git merges text.
import { basename } from "node:path/posix";
import { taskIdOfFile } from "../paths.ts";
import { mergeDefinition } from "./merge-definition.ts";
import { mergeRecord } from "./merge-record.ts";
import { mergeRunLog } from "./merge-run-log.ts";
import { type Merged, type MergeText, mergeEvenly, type Sides } from "./merge-sides.ts";

export type { Merged, MergeText, Sides } from "./merge-sides.ts";

/** `path` is the file's name in the repository; its folder does not matter. */
export async function mergeLedgerFile(path: string, sides: Sides, mergeText: MergeText): Promise<Merged> {
	const name = basename(path);
	if (/^runs(?:-[0-9a-f]+)?\.jsonl$/.test(name)) return mergeRunLog(sides);
	if (name.endsWith(".md")) return mergeDefinition(sides, mergeText);
	const record = name.endsWith(".json") && taskIdOfFile(name) !== null ? mergeRecord(sides) : null;
	if (record !== null) return record;
	const { text, clean } = await mergeEvenly(sides, mergeText);
	return { text, conflicts: clean ? [] : ["file"] };
}
