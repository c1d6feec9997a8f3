// Lines of tasks/.gitattributes and tasks/.gitignore that `init` writes and that are gone since.
// Invariant: lines are only added; the user's own stay where they are.
import { ATTRIBUTES, IGNORED, withLines } from "../init-workspace.ts";
import { type Findings, type FixGround, type FixKind, textFix } from "./fix.ts";

export const gitLines: FixKind = {
	code: "git_lines",
	wrong: "`tasks/.gitattributes` or `tasks/.gitignore` lacks lines that `msgcode init` writes",
	mended: "the missing lines are added below your own",
	async find(ground) {
		const files: [string, readonly string[]][] = [
			["tasks/.gitattributes", ATTRIBUTES],
			["tasks/.gitignore", IGNORED],
		];
		const fixes = [];
		for (const [path, lines] of files) fixes.push(...(await missingLines(ground, path, lines)).fixes);
		return { fixes, undecided: [] };
	},
};

async function missingLines(ground: FixGround, path: string, wanted: readonly string[]): Promise<Findings> {
	const working = ground.view.working(path);
	// One that is merely gone from the folder is brought back as HEAD has it.
	const gone = working === null && (await ground.view.committed(path)) !== null;
	if (gone || ground.unmerged.has(path)) return { fixes: [], undecided: [] };
	const text = working?.toString("utf8") ?? "";
	const content = withLines(text, wanted);
	if (content === text) return { fixes: [], undecided: [] };
	const present = new Set(text.split(/\r?\n/));
	const missing = wanted.filter((line) => !present.has(line));
	const fix = textFix(ground, {
		path,
		content,
		taskId: null,
		message: `${path} lacks: ${missing.join(", ")}`,
		why: "Lines are only added, below the ones that are there; without them merges and ignored files go wrong.",
		summary: `add the missing lines of ${path}`,
	});
	return { fixes: [fix], undecided: [] };
}
