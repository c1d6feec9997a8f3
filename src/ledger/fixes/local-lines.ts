// Lines of .git/info/exclude that keep what is local out of `git status` in this clone.
// Invariant: lines are only added; no tracked file changes.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { excludeLines, excludeWorktrees } from "../init-workspace.ts";
import { type FixKind, NOTHING } from "./fix.ts";

export const localLines: FixKind = {
	code: "local_lines",
	wrong: "`.git/info/exclude` lacks lines that `msgcode init` writes",
	mended: "the missing lines are added; nothing is committed",
	find({ ledger: { workspace } }) {
		const path = join(workspace.commonDir, "info", "exclude");
		const present = new Set(existsSync(path) ? readFileSync(path, "utf8").split(/\r?\n/) : []);
		const missing = excludeLines(workspace).filter((line) => !present.has(line));
		if (missing.length === 0) return NOTHING;
		const fix = {
			taskId: null,
			file: ".git/info/exclude",
			message: `.git/info/exclude lacks: ${missing.join(", ")}`,
			why: "Lines are only added, in this clone alone; without them worktrees and local files show up as untracked.",
			summary: "exclude local files in this clone",
			writes: [],
			steps: missing.map((line) => `+${line}`),
			mend: () => excludeWorktrees(workspace),
		};
		return { fixes: [fix], undecided: [] };
	},
};
