// A run as a pull request: all that a reviewer needs, within a forge's limit, whatever others wrote into it.
import { describe, expect, test } from "vitest";
import { BODY_LIMIT, describePullRequest, type PullRequestFacts } from "../../../src/ledger/runs/pull-request.ts";
import type { Receipt } from "../../../src/ledger/runs/receipt.ts";
import { file, ID, RUN, receipt } from "../../support/receipts.ts";

const PATCH = `tasks/runs/${ID}/${RUN}/patch.diff`;

function described(more: Partial<Receipt> = {}, facts: Partial<PullRequestFacts> = {}) {
	return describePullRequest({
		receipt: receipt(more),
		title: "Fix it",
		prompt: "Please mend a.\n",
		promptChanged: false,
		lastWords: "Done.",
		files: [file()],
		landing: null,
		rejection: null,
		patchPath: PATCH,
		hidesText: false,
		...facts,
	});
}

const headings = (body: string) => body.split("\n").filter((line) => line.startsWith("## "));
const check = { outputSha256: "", outputBytes: 0 };

describe("a pull request", () => {
	test("tells what was asked, said, checked and changed, and how to apply it", () => {
		const { title, body } = described({
			checks: [
				{ command: "npm test", status: "ok", exitCode: 0, durationMs: 900, ...check },
				{ command: "lint", status: "failed", exitCode: 3, durationMs: 12_000, ...check },
			],
			usage: { inputTokens: 1200, outputTokens: 34, costUsd: 0.5 },
		});
		expect(title).toBe("Fix it");
		expect(headings(body)).toEqual(
			["What was asked", "What the runner said", "Checks", "Files", "Apply", "Run"].map((name) => `## ${name}`),
		);
		for (const part of [
			`Run of task \`${ID}\`: **ok**, 1 file changed, +2 −1. Not landed.`,
			"```text\nPlease mend a.\n```",
			"```text\nDone.\n```",
			"- passed: `npm test` (exit 0, 0.9 s)",
			"- **failed**: `lint` (exit 3, 12 s)",
			"- `src/a.ts` +2 −1",
			`\`msgcode task apply ${ID} --run ${RUN}\``,
			`on a checkout that holds \`111111111111\`: \`git apply ${PATCH}\``,
			`- Id: \`${RUN}\``,
			"- Runner: `shell`",
			"- Usage: 1200 tokens in, 34 tokens out, 0.5000 USD",
			"- Started by Ann",
		]) {
			expect(body).toContain(part);
		}
	});

	test("names what a reviewer must not overlook", () => {
		const { body } = described(
			{
				status: "error",
				errorCode: "SECRET_FOUND",
				errorMessage: "Found.",
				secrets: [{ rule: "aws-key", file: ".env", line: 3 }],
				treeAfterChecks: "9".repeat(40),
				patch: { ...(receipt().patch as NonNullable<Receipt["patch"]>), withheld: "secret" },
				warnings: [{ code: "x", message: "Something was odd.", paths: ["a"] }],
			},
			{
				files: [
					file({ path: ".github/workflows/ci.yml" }),
					file({ path: "run.sh", newMode: "100755" }),
					file({ path: "link", newMode: "120000" }),
					file({ path: "logo.png", insertions: null, deletions: null }),
				],
				promptChanged: true,
				hidesText: true,
				patchPath: null,
			},
		);
		const rows = body.split("## Look at this\n\n")[1]?.split("\n\n")[0]?.split("\n");
		expect(rows).toEqual([
			"- The run did not end well; the files are as far as it came.",
			"- Looks like a secret (aws-key): `.env`, line 3",
			"- The patch is withheld (secret): it is not in the repository.",
			"- Added lines hold control or reordering characters: what you see may not be what is executed.",
			"- Executed by git, a build or a service: `.github/workflows/ci.yml`",
			"- Becomes executable: `run.sh`",
			"- Symbolic link: `link`",
			"- Binary, so its lines cannot be read: `logo.png`",
			"- The checks changed files; those changes are not part of the patch.",
			"- The task was edited after the run: what stands above is its text of now.",
			"- Something was odd: `a`",
		]);
		expect(body).not.toContain("git apply");
	});

	test("says whether it landed or was rejected, and then not how to apply it", () => {
		const landed = described({}, { landing: { commit: "a".repeat(40), parent: "b".repeat(40) } }).body;
		expect(landed).toContain(`Landed as \`${"a".repeat(12)}\`, on \`${"b".repeat(12)}\`.`);
		expect(landed).not.toContain("## Apply");
		const rejection = { runId: RUN, reason: "fixes #1 @you", atMs: 1 };
		expect(described({}, { rejection }).body).toContain("Rejected: fixes `#1` `@you`");
	});

	test("of a sensitive task repeats neither prompt nor words", () => {
		const { title, body } = described({}, { title: "", prompt: null, lastWords: "" });
		expect(title).toBe(ID);
		expect(body).toContain("The task is sensitive");
		expect(headings(body)).not.toContain("## What the runner said");
	});

	test("of a run without changes, in place, or without checks says so", () => {
		expect(described({ noChanges: true }, { files: [] }).body).toMatch(
			/nothing changed\. Not landed[\s\S]*## Checks\n\nNone were run/,
		);
		expect(described({ mode: "in-place", patch: null }, { files: [] }).body).toContain("worked in the checkout itself");
		expect(described({}, { prompt: " \n" }).body).toContain("Nothing beyond the title.");
	});

	test("takes no time over what is endless", () => {
		const endless = "(".repeat(2_000_000);
		const rejection = { runId: RUN, reason: endless, atMs: 1 };
		const { body } = described({ actor: endless }, { rejection, prompt: `fix ${"a/".repeat(500_000)}` });
		expect(body.length).toBeLessThan(BODY_LIMIT);
	});

	test("a path with spaces and quotes can be pasted into a shell", () => {
		expect(described({}, { patchPath: "my 'app'/patch.diff" }).body).toContain(
			"`git apply 'my '\\''app'\\''/patch.diff'`",
		);
	});

	test("fits the limit whatever its size, and every cut says how much is missing", () => {
		const many = Array.from({ length: 5000 }, (_, at) => file({ path: `${"deep/".repeat(40)}file-${at}` }));
		const checks = Array.from({ length: 3000 }, () => ({
			command: "x".repeat(2000),
			status: "ok" as const,
			exitCode: 0,
			durationMs: 1,
			...check,
		}));
		const long = "`words` 😀 ".repeat(60_000);
		const warnings = Array.from({ length: 2000 }, () => ({ code: "x", message: "w ".repeat(500) }));
		const { title, body } = described(
			{ checks, warnings },
			{ files: many, prompt: long, lastWords: long, title: "t".repeat(500) },
		);
		expect(body.length).toBeLessThan(BODY_LIMIT);
		expect([...title].length).toBeLessThanOrEqual(256);
		expect(body.match(/\(Cut here: \d+ characters in all/g)).toHaveLength(2);
		expect(body.match(/^- … and \d+ more$/gm)).toHaveLength(3);
		expect(headings(body)).toContain("## Run");
	});

	test.each([
		"x\n## Forged\n",
		"```\n## Forged\n````\n</details>",
		"| a | b |\n|--|--|\n<script>",
		"fixes #1 @you \u202e",
	])("%j cannot break out of any place", (hostile) => {
		const { title, body } = described(
			{
				checks: [{ command: hostile, status: "failed", exitCode: 1, durationMs: 1, ...check }],
				warnings: [{ code: "x", message: hostile, paths: [hostile] }],
				runner: { kind: "shell", model: hostile, version: hostile, argv: [] },
				actor: hostile,
			},
			{ title: hostile, files: [file({ path: hostile })], rejection: { runId: RUN, reason: hostile, atMs: 1 } },
		);
		expect(title).not.toMatch(/[\n\u202e]|#\d|@\w/);
		expect(headings(body).sort()).toEqual(
			["Apply", "Checks", "Files", "Look at this", "Run", "What the runner said", "What was asked"].map(
				(name) => `## ${name}`,
			),
		);
		const prose = body.replaceAll(/(`+)[\s\S]*?[^`]\1(?!`)/g, "");
		expect(prose).not.toMatch(/[@#]\w|(?<!\\)[<|\u202e]|fixes # ?1/);
	});

	test.each(["x\n## Forged\n", "```\n## Forged\n````", "/close\nfixes #1"])(
		"%j in prompt or words stays in its block",
		(hostile) => {
			const { body } = described({}, { prompt: hostile, lastWords: hostile });
			const outside = body.replaceAll(/^(`{3,})text\n[\s\S]*?\n\1$/gm, "");
			expect(outside).not.toContain("Forged");
			expect(body).not.toMatch(/^\/close|fixes #1/m);
		},
	);
});
