// The stage of the demo and of the README's tour: a real repository in a temporary folder, with a failing test and a
// user's uncommitted work lying about. Nothing of the machine's own git or msgcode settings takes part.
import { execFileSync, spawnSync } from "node:child_process";
import {
	chmodSync,
	cpSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	realpathSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const fixture = fileURLToPath(new URL("../../fixtures/demo", import.meta.url));
const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

export interface Stage {
	/** The temporary folder: the repository, its HOME and a `msgcode` that is the built program. */
	readonly folder: string;
	/** The repository. */
	readonly repository: string;
	readonly env: Readonly<Record<string, string>>;
}

export interface Ran {
	readonly exitCode: number;
	/** stdout and stderr, as a terminal shows them. */
	readonly output: string;
}

/** Builds the stage. The caller removes it. */
export function buildStage(): Stage {
	const folder = realpathSync(mkdtempSync(join(tmpdir(), "msgcode-demo-")));
	const home = join(folder, "home");
	const bin = join(folder, "bin");
	const repository = join(folder, "basket");
	for (const path of [home, bin, repository]) mkdirSync(path);
	const program = join(bin, "msgcode");
	writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
	chmodSync(program, 0o755);
	writeFileSync(
		join(home, ".gitconfig"),
		"[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n",
	);
	const stage: Stage = {
		folder,
		repository,
		env: {
			PATH: [bin, dirname(process.execPath), process.env.PATH ?? ""].join(delimiter),
			HOME: home,
			XDG_CONFIG_HOME: join(home, ".config"),
			GIT_CONFIG_NOSYSTEM: "1",
			GIT_CONFIG_GLOBAL: join(home, ".gitconfig"),
			GIT_PAGER: "cat",
			LANG: "C.UTF-8",
			TZ: "UTC",
		},
	};
	cpSync(join(fixture, "project"), repository, { recursive: true });
	git(stage, "init", "--quiet", "--initial-branch=main");
	git(stage, "add", "--all");
	git(stage, "commit", "--quiet", "--message", "A basket that adds up prices");
	for (const part of ["staged", "dirty", "untracked"]) {
		cpSync(join(fixture, "uncommitted", part), repository, { recursive: true });
		if (part === "staged") git(stage, "add", "--all");
	}
	return stage;
}

export function removeStage(stage: Stage): void {
	rmSync(stage.folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Runs a line in a shell in the repository, as a user would type it. */
export function runLine(stage: Stage, line: string): Ran {
	const { status, stdout, error } = spawnSync("/bin/sh", ["-c", `{ ${line}\n} 2>&1`], {
		cwd: stage.repository,
		env: stage.env,
		encoding: "utf8",
		stdio: ["ignore", "pipe", "inherit"],
		timeout: 60_000,
	});
	if (error !== undefined) throw error;
	return { exitCode: status ?? 130, output: stdout };
}

/** git's output without the final newline. */
export function git(stage: Stage, ...args: string[]): string {
	const { repository: cwd, env } = stage;
	return execFileSync("git", args, { cwd, env, encoding: "utf8" }).replace(/\n$/, "");
}

/** Everything about the user's uncommitted work that a run must leave alone: bytes, status, what is staged. */
export function userWork(stage: Stage): readonly string[] {
	const files = ["staged", "dirty", "untracked"].flatMap((part) => {
		const names = readdirSync(join(fixture, "uncommitted", part), { recursive: true, withFileTypes: true });
		return names
			.filter((entry) => entry.isFile())
			.map((entry) => join(entry.parentPath, entry.name).slice(join(fixture, "uncommitted", part).length + 1));
	});
	return [
		...files.map((name) => `${name}: ${readFileSync(join(stage.repository, name), "base64")}`),
		git(stage, "status", "--porcelain"),
		git(stage, "diff", "--cached"),
		git(stage, "diff"),
	];
}
