// No command touches the user's work. In a repository full of staged, half-staged, dirty, untracked and ignored files, with
// settings and hooks that get in every tool's way, each command there is leaves every file and every index entry of the
// user's identical, runs none of their hooks and programs, and their next commit holds what they staged.
import { expect, test } from "vitest";
import { LANDED, takeTour } from "../support/tour.ts";
import { clearMarks, marksOf, ODD_NAME, quietGit, userWork, userWorkOf } from "../support/user-work.ts";

test.each([
	{ hooks: "git", indexVersion: 2 },
	{ hooks: "path", indexVersion: 4 },
] as const)("hooks in git's $hooks folder, index version $indexVersion", async (options) => {
	const made = await userWork(options);
	const before = userWorkOf(made, LANDED);
	expect(Object.keys(before.index).length).toBeGreaterThan(15);
	expect(Object.keys(before.files).length).toBeGreaterThan(20);
	const staged = quietGit(
		made,
		"diff",
		"--cached",
		"--no-ext-diff",
		"--raw",
		"--no-renames",
		"--abbrev=40",
		"-z",
		"HEAD",
	);
	const check = (line: string) => {
		expect(marksOf(made), `${line} ran a hook or a program of the user's`).toEqual([]);
		expect(userWorkOf(made, LANDED), `after ${line}`).toEqual(before);
	};
	await takeTour(made.path, (...argv) => made.msgcode(...argv), { check });

	// What the user commits next is what they had staged, no more and no less.
	expect(made.read("landed.txt")).toBe("x");
	made.git(
		"-c",
		"commit.gpgsign=false",
		"-c",
		"core.hooksPath=/dev/null",
		"commit",
		"--quiet",
		"--no-verify",
		"-m",
		"mine",
	);
	const committed = quietGit(
		made,
		"diff",
		"--no-ext-diff",
		"--raw",
		"--no-renames",
		"--abbrev=40",
		"-z",
		"HEAD~1",
		"HEAD",
	);
	expect(committed).toBe(staged);
	expect(committed).toContain(`new ${ODD_NAME}`);
	clearMarks(made);
});

test("a landing that the user's settings want signed fails as a whole when it cannot be", async () => {
	const made = await userWork({ hooks: "path" });
	const added = await made.msgcode("task", "add", "Land it", "--json");
	const id = added.json().data.id;
	expect((await made.msgcode("task", "run", id, "--", "sh", "-c", "echo x >landed.txt")).exitCode).toBe(0);
	const before = userWorkOf(made);
	const head = quietGit(made, "rev-parse", "HEAD");
	const result = await made.msgcode("task", "apply", id, "--yes", "--json");
	expect(result.json().error.code).toBe("signing_failed");
	expect(quietGit(made, "rev-parse", "HEAD")).toBe(head);
	expect(userWorkOf(made)).toEqual(before);
	expect(marksOf(made)).toEqual(["mark-gpg"]);
	expect(made.exists("landed.txt")).toBe(false);
});

test("a pre-commit hook that says no stops a landing that asked for it, and leaves everything", async () => {
	const made = await userWork({ hooks: "git" });
	const id = (await made.msgcode("task", "add", "Land it", "--json")).json().data.id;
	await made.msgcode("task", "run", id, "--", "sh", "-c", "echo x >landed.txt");
	const before = userWorkOf(made);
	const result = await made.msgcode("task", "apply", id, "--yes", "--no-sign", "--verify", "--json");
	expect(result.json().error.code).toBe("hook_failed");
	expect(marksOf(made)).toEqual(["mark-hook-pre-commit"]);
	expect(userWorkOf(made)).toEqual(before);
});
