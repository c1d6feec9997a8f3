// Brings a ledger file's change onto a content that moved on meanwhile, as plain git would.
// Invariant: a result holds both sides, or there is none.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryName } from "../core/temporary-files.ts";
import type { Ledger } from "./ledger.ts";

export interface MergeSides {
	readonly base: Buffer | null;
	/** What is there now. */
	readonly current: Buffer | null;
	/** What the change made of `base`. */
	readonly ours: Buffer;
	/** The line that the change appends, where it is an append. */
	readonly line?: string | undefined;
	/** Keep the lines of both sides where they clash (runs.jsonl). */
	readonly union?: boolean;
}

/** The merged content, or null for a conflict. */
export async function mergeContent(
	ledger: Pick<Ledger, "git" | "workspace">,
	sides: MergeSides,
): Promise<Buffer | null> {
	const { base, current, ours, line } = sides;
	if (current === null || (base !== null && current.equals(base))) return ours;
	if (current.equals(ours)) return current;
	if (line !== undefined) return withLine(current, line);
	if (base === null && sides.union !== true) return null;
	const folder = join(ledger.workspace.stateDir, temporaryName());
	mkdirSync(folder, { mode: 0o700 });
	try {
		const files = { current, base: base ?? Buffer.alloc(0), ours };
		for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
		const union = sides.union === true ? ["--union"] : [];
		// merge-file answers with the number of conflicts, 255 for an error.
		const accept = Array.from({ length: 128 }, (_, code) => code);
		const result = await ledger.git(["merge-file", "-p", ...union, "current", "base", "ours"], { cwd: folder, accept });
		return result.code === 0 ? result.stdout : null;
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

/** The content with the line at its end, on a line of its own; unchanged where it holds the line already. */
export function withLine(content: Buffer, line: string): Buffer {
	const text = content.toString("utf8");
	if (text.split("\n").includes(line)) return content;
	const gap = content.length > 0 && content.at(-1) !== 10 ? "\n" : "";
	return Buffer.concat([content, Buffer.from(`${gap}${line}\n`)]);
}
