import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { completionScript, shells } from "../../src/cli/completion.ts";
import { nameOf } from "../../src/cli/declaration.ts";
import { nouns } from "../../src/cli/nouns.ts";
import { temporaryFolder } from "../support/repo.ts";

/** What bash would offer after these words, the last of which is being typed. */
async function complete(...words: string[]): Promise<string[]> {
	const folder = temporaryFolder();
	// Stands for msgcode: lists ids, and says where it was asked.
	writeFileSync(
		join(folder, "msgcode"),
		'#!/bin/sh\nprintf "tsk_1\\tone\\ntsk_2\\ttwo\\n"\nprintf "%s\\n" "$*" > "$0.args"\n',
	);
	chmodSync(join(folder, "msgcode"), 0o755);
	writeFileSync(join(folder, "script"), await completionScript("bash", nouns));
	const quoted = words.map((word) => `'${word}'`).join(" ");
	const program = `. ${folder}/script; COMP_WORDS=(msgcode ${quoted}); COMP_CWORD=${words.length}; _msgcode; printf '%s\\n' "\${COMPREPLY[@]}"`;
	const env = { PATH: `${folder}:${process.env.PATH}` };
	const output = execFileSync("bash", ["--norc", "-c", program], { env, cwd: folder, encoding: "utf8" });
	const asked = spawnSync("cat", [join(folder, "msgcode.args")], { encoding: "utf8" }).stdout.trim();
	return [...output.split("\n").filter((word) => word !== ""), ...(asked === "" ? [] : [`asked: ${asked}`])];
}

describe("bash completes", () => {
	test("nouns", async () => {
		expect(await complete("")).toEqual(nouns.map(nameOf));
		expect(await complete("ta")).toEqual(["task"]);
	});

	test("verbs, also below a group", async () => {
		expect(await complete("task", "wor")).toEqual(["worktree"]);
		expect(await complete("task", "worktree", "")).toEqual(["list", "path", "rm", "prune"]);
	});

	test("verbs behind global flags and their values", async () => {
		expect(await complete("-C", "task", "--json", "run", "al")).toEqual(["allow-secret"]);
	});

	test("flags of the command and of every command", async () => {
		expect(await complete("task", "run", "--in")).toEqual(["--in-place"]);
		expect(await complete("task", "run", "x", "--work")).toEqual(["--worktree", "--workspace"]);
		expect(await complete("task", "add", "--pri")).toEqual(["--priority"]);
	});

	test("ids, asked for in the workspace that the line names", async () => {
		expect(await complete("task", "show", "")).toEqual(["tsk_1", "tsk_2", "asked: -C . task list --all --plain"]);
		expect(await complete("-C", "some where", "task", "remove", "tsk_2")).toEqual([
			"tsk_2",
			"asked: -C some where task list --all --plain",
		]);
		expect(await complete("run", "logs", "")).toContain("asked: -C . run list --plain");
	});

	test("shells for completion itself", async () => {
		expect(await complete("completion", "")).toEqual(["bash", "zsh", "fish"]);
	});

	test("nothing of its own for a flag's value and behind --", async () => {
		expect(await complete("task", "run", "x", "--base", "")).toEqual([]);
		expect(await complete("task", "run", "x", "--", "")).toEqual([]);
	});
});

describe.each(shells)("the script for %s", (shell) => {
	test("names every command and every flag", async () => {
		const script = await completionScript(shell, nouns);
		for (const word of ["allow-secret", "worktree", "idempotency-key", "prompt-file", "dry-run"]) {
			expect(script).toContain(word);
		}
	});

	test("is accepted by the shell itself, where it is installed", async () => {
		const folder = temporaryFolder();
		const file = join(folder, "script");
		writeFileSync(file, await completionScript(shell, nouns));
		const checked = spawnSync(shell, ["-n", file], { encoding: "utf8" });
		// A shell that is not on this machine cannot judge; its text is covered by the test above.
		const missing = (checked.error as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
		expect(missing || checked.status === 0, checked.stderr).toBe(true);
	});
});
