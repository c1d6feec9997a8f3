// One commit of every operation that a ledger command can leave, each made by its command in a repository full of the user's work.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { type Repo, repo } from "./repo.ts";
import { copies } from "./template.ts";
import { addTask } from "./two-clones.ts";

export interface OperationScene {
	readonly made: Repo;
	/** A task that is there, with a runner that was approved by its author. */
	readonly task: string;
	/** Succeeds, or the test fails; the data of its JSON. */
	// biome-ignore lint/suspicious/noExplicitAny: a command's own data
	run(...argv: string[]): Promise<any>;
	commit(): string;
}

export interface Operation {
	/** What has to be there before. */
	readonly before?: (scene: OperationScene) => Promise<void>;
	/** Its last commit is the operation's. Gives the id of a task that is born by it, where one is. */
	readonly make: (scene: OperationScene) => Promise<unknown>;
}

export const USERS_FILES = { "a.txt": "a\n", "b.txt": "b\n", "c.txt": "c\n" };
export const USERS_STATUS = "M  a.txt\n M b.txt\n?? tasks/notes.txt\n?? untracked.txt";

const copyOfScene = copies(async () => {
	const made = await repo({
		files: { ...USERS_FILES, "code.txt": "one\ntwo\nthree\n" },
		ledger: true,
		staged: { "a.txt": "staged\n" },
		dirty: { "b.txt": "dirty\n" },
		untracked: { "untracked.txt": "mine\n", "tasks/notes.txt": "mine\n" },
	});
	const flags = ["--prompt", "Do it.", "--runner", "shell"];
	return { made, kept: await addTask(made, "A task", ...flags, "--", "true") };
});

export async function operationScene(): Promise<OperationScene> {
	const { made, kept: task } = await copyOfScene();
	// biome-ignore lint/suspicious/noExplicitAny: a command's own data
	const run = async (...argv: string[]): Promise<any> => {
		const result = await made.msgcode("--json", ...argv);
		expect(result.exitCode, `${argv.join(" ")}\n${result.stdout}${result.stderr}`).toBe(0);
		return result.json().data;
	};
	return { made, task, run, commit: () => made.git("rev-parse", "HEAD") };
}

const CODE_RUN = ["--", "sh", "-c", "echo four >>code.txt; echo new >new.txt"];
const SECRET_RUN = ["--", "sh", "-c", `printf 'key = "AKIA%s"\\n' QWERTYUIOPASDFGH > key.txt`];

const landed = async ({ run, task }: OperationScene) => {
	await run("task", "run", task, ...CODE_RUN);
	await run("task", "apply", task, "--yes");
};

/** By the name of the operation, as `Msgcode-Op` has it. */
export const operations: Readonly<Record<string, Operation>> = {
	init: { make: async () => undefined },
	add: { make: async ({ run }) => (await run("task", "add", "Another", "--label", "x")).id },
	adopt: {
		make: async ({ made, run }) => {
			const id = "tsk_0000000001";
			made.write(`tasks/${id}.md`, "---\ntitle: By hand\n---\n\nDo it.\n");
			// A run adopts first; undone is the adoption.
			await run("task", "run", id, "--", "true");
			return id;
		},
	},
	edit: { make: ({ run, task }) => run("task", "edit", task, "--title", "Renamed", "--prompt", "Do more.") },
	"edit-by-hand": {
		make: async ({ made, run, task }) => {
			const file = `tasks/${task}.md`;
			made.write(file, `${made.read(file).replace("priority: 5", "priority: 8 # soon")}\nBy hand.\n`);
			await run("commit");
			return undefined;
		},
	},
	"edit-by-hand of a template": {
		make: async ({ made, run }) => {
			made.write("tasks/templates/fix.md", "---\ntitle: Fix it\n---\n");
			await run("commit");
			return undefined;
		},
	},
	block: { make: ({ run, task }) => run("task", "block", task, "--reason", "waits") },
	unblock: {
		before: ({ run, task }) => run("task", "block", task, "--reason", "waits"),
		make: ({ run, task }) => run("task", "reopen", task),
	},
	close: { make: ({ run, task }) => run("task", "close", task, "--reason", "enough") },
	reopen: {
		before: ({ run, task }) => run("task", "close", task, "--status", "canceled"),
		make: ({ run, task }) => run("task", "reopen", task),
	},
	fix: {
		before: async ({ made }) => {
			made.write("tasks/.gitignore", "");
			made.git("commit", "--quiet", "-m", "by accident", "--", "tasks/.gitignore");
		},
		make: ({ run }) => run("doctor", "--fix", "--yes"),
	},
	remove: { make: ({ run, task }) => run("task", "rm", task, "--reason", "twice") },
	run: { make: ({ run, task }) => run("task", "run", task, ...CODE_RUN) },
	"allow-secret": {
		before: async ({ made, task }) => {
			await made.msgcode("task", "run", task, ...SECRET_RUN);
		},
		make: async ({ run, task }) => {
			const [{ runId }] = await run("task", "runs", task);
			await run("run", "allow-secret", runId, "--yes");
			return undefined;
		},
	},
	reject: {
		before: ({ run, task }) => run("task", "run", task, ...CODE_RUN),
		make: ({ run, task }) => run("task", "reject", task, "--reason", "no"),
	},
	apply: {
		before: ({ run, task }) => run("task", "run", task, ...CODE_RUN),
		make: ({ run, task }) => run("task", "apply", task, "--yes"),
	},
	archive: {
		before: async ({ run, task }) => {
			await run("task", "run", task, ...CODE_RUN);
			await run("task", "worktree", "rm", task, "--yes");
			await run("task", "close", task);
		},
		make: ({ run, task }) => run("task", "archive", task),
	},
	"edit of an archived task": {
		before: async ({ run, task }) => {
			await run("task", "run", task, ...CODE_RUN);
			await run("task", "worktree", "rm", task, "--yes");
			await run("task", "close", task);
			await run("task", "archive", task);
		},
		make: ({ run, task }) => run("task", "edit", task, "--title", "Comes home"),
	},
	rollback: {
		before: async (scene) => {
			await scene.run("task", "edit", scene.task, "--title", "Renamed");
			await scene.run("task", "close", scene.task);
		},
		make: ({ run, task }) => run("task", "rollback", task, "--to", "HEAD~2"),
	},
	"rollback of a landing": {
		before: landed,
		make: ({ run, task }) => run("task", "rollback", task, "--landing", "--yes"),
	},
	undo: {
		before: ({ run, task }) => run("task", "close", task),
		make: ({ run }) => run("undo"),
	},
	"undo of a landing": { before: landed, make: ({ run }) => run("undo") },
	"undo of a birth": {
		before: async ({ run }) => void (await run("task", "add", "Another")),
		make: ({ run }) => run("undo"),
	},
};

/** The first word: "rollback of a landing" is a rollback. */
export function operationOf(name: string): string {
	return name.split(" ")[0] as string;
}

/** Every operation that the sources write into a commit. */
export function operationsInSources(): string[] {
	const source = fileURLToPath(new URL("../../src", import.meta.url));
	const found = new Set<string>();
	for (const name of readdirSync(source, { recursive: true, encoding: "utf8" })) {
		if (!name.endsWith(".ts") || name.endsWith("operations.ts")) continue;
		for (const [, op] of readFileSync(join(source, name), "utf8").matchAll(/\bop: "([a-z-]+)"/g))
			found.add(op as string);
	}
	return [...found].sort();
}
