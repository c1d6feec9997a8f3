import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { repoAt, temporaryFolder } from "../support/repo.ts";

const demo = fileURLToPath(new URL("demo.ts", import.meta.url));

function runDemo(options: { readonly args?: readonly string[]; readonly path?: string }) {
	const temporary = temporaryFolder();
	const env = { PATH: options.path ?? process.env.PATH ?? "", TMPDIR: temporary };
	const ran = spawnSync(process.execPath, [demo, ...(options.args ?? [])], { env, encoding: "utf8" });
	return { ...ran, left: readdirSync(temporary), temporary };
}

test("the demo lands a patch, proves what it claims and leaves nothing behind", () => {
	const { status, stdout, stderr, left } = runDemo({});
	expect(stderr).toBe("");
	expect(stdout.match(/^✔ .+$/gm)).toHaveLength(7 + 3);
	expect(stdout).not.toContain("✘");
	expect(stdout).toContain("\n$ msgcode task apply tsk_");
	expect(left).toEqual([]);
	expect(status).toBe(0);
});

test("--start makes the repository, says where it is and stops", () => {
	const { status, stdout, left, temporary } = runDemo({ args: ["--start"] });
	expect(status).toBe(0);
	const path = join(temporary, left[0] ?? "", "basket");
	expect(stdout).toContain(path);
	expect(repoAt(path, temporary, { PATH: process.env.PATH ?? "" }).git("status", "--porcelain")).toBe(
		" M README.md\nA  src/currency.js\n?? ideas.txt",
	);
});

test("a step that fails ends the demo with exit code 1 and the step's output", () => {
	const bin = temporaryFolder();
	repoAt(bin, bin, {}).write("sed", { executable: "#!/bin/sh\necho no sed today\nexit 3\n" });
	const { status, stdout, stderr, left } = runDemo({ path: `${bin}:${process.env.PATH}` });
	expect(status).toBe(1);
	expect(stdout).toMatch(/\$ node --test \| sed -n 1,2p\nno sed today\n/);
	expect(stderr).toContain("exit code 3");
	expect(left).toEqual([]);
});
