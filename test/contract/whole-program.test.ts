// Every runner in the hands of a user: `task add`, then `task run --worktree`, in a real repository. What the runner-level
// contract says of an attempt, this says of the patch, the receipt and the processes.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { run } from "../../src/cli/program.ts";
import { type MemoryIo, memoryIo } from "../support/cli.ts";
import { processesOf } from "../support/crash.ts";
import { type Repo, repo } from "../support/repo.ts";
import { hasTmux } from "../support/tmux.ts";
import { MADE, type Subject, type WholeCase } from "./subject.ts";
import { subjects } from "./subjects/subjects.ts";
import { userFolder } from "./subjects/user-folder.ts";

interface Ended {
	readonly id: string;
	readonly status: string;
	readonly errorCode: string | null;
	readonly patch: string;
}

class User {
	readonly at: Repo;
	readonly env: Readonly<Record<string, string>>;
	readonly subject: Subject;

	constructor(at: Repo, env: Readonly<Record<string, string>>, subject: Subject) {
		this.at = at;
		this.env = { ...at.env, ...env };
		this.subject = subject;
	}

	async run(name: WholeCase, during: (io: MemoryIo) => Promise<void> = async () => {}): Promise<Ended> {
		const id = await this.#added(name);
		const io = memoryIo({ cwd: this.at.path, env: this.env });
		const ended = run(["task", "run", id, "--worktree", "--json"], io);
		// A run that ends by itself is told by its receipt, not by waiting in vain.
		await Promise.race([during(io), ended]);
		const exitCode = await ended;
		expect(JSON.parse(io.written.stdout)).not.toMatchObject({ kind: "error" });
		const { data } = JSON.parse(io.written.stdout);
		expect(exitCode).toBe({ ok: 0, error: 1, canceled: 130 }[data.status as string]);
		this.#expectRecorded(id, data);
		const patch = data.patch === null ? "" : readFileSync(join(this.at.path, data.patch.path), "utf8");
		return { id, status: data.status, errorCode: data.errorCode, patch };
	}

	async #added(name: WholeCase): Promise<string> {
		const argv = ["task", "add", "Make the file", "--json", ...this.subject.task.add(name, this.at)];
		const added = await this.at.msgcodeWith({ env: this.env }, ...argv);
		expect(added.exitCode, added.stdout).toBe(0);
		return added.json().data.id;
	}

	/** The commit holds it, the claim is released, nothing runs on, and the checkout is as it was. */
	#expectRecorded(id: string, { runId, status, errorCode }: Readonly<Record<string, unknown>>): void {
		const receipt = JSON.parse(this.at.git("show", `HEAD:tasks/runs/${id}/${runId}/run_receipt.json`));
		expect(receipt).toMatchObject({ runId, status, errorCode });
		expect(readdirSync(join(this.at.path, ".git/msgcode/claims"))).toEqual([]);
		expect(processesOf(this.at)).toEqual([]);
		expect(this.at.git("status", "--porcelain")).toBe("");
		expect(this.at.exists(MADE)).toBe(false);
	}
}

/** The program has said something, or has begun what it is to do. */
async function underWay(at: Repo): Promise<void> {
	const runs = join(at.path, ".git/msgcode/runs");
	const isUnderWay = () =>
		existsSync(runs) &&
		readdirSync(runs).some((runId) => {
			const log = join(runs, runId, "stdout.log");
			return (
				existsSync(log) && readFileSync(log).length > 0 && readdirSync(join(at.path, ".git/msgcode/claims")).length > 0
			);
		});
	await expect.poll(isUnderWay, { timeout: 20_000, interval: 20 }).toBe(true);
}

describe.each(subjects.map((subject) => [subject.id, subject] as const))("%s", (_, subject) => {
	const { notApplicable } = subject.task;

	test("success, crash after partial work, cancel", { timeout: 60_000 }, async () => {
		const at = await repo({ files: { "app.txt": "one\n" }, ledger: true });
		const { env, started = () => underWay(at) } = await subject.task.prepare(at);
		const user = new User(at, env, subject);

		const success = await user.run("success");
		expect(success).toMatchObject({ status: "ok", errorCode: null });
		if (subject.work !== "message") expect(success.patch).toContain(`+++ b/${MADE}`);

		if (notApplicable.crash === undefined) {
			const crash = await user.run("crash");
			expect(crash.status).toBe("error");
			expect(crash.patch, "the partial work is collected").toContain(`+++ b/${MADE}`);
		}

		if (notApplicable.cancel === undefined) {
			const canceled = await user.run("cancel", async (io) => {
				await started();
				io.interrupt();
			});
			expect(canceled).toMatchObject({ status: "canceled", errorCode: "RUN_CANCELED" });
		}
	});
});

test("a runner that a user brings along is listed, and no file of src knows of it", async () => {
	const at = await repo({ ledger: true });
	const listed = async (env: Readonly<Record<string, string>>): Promise<string[]> => {
		const { data } = (await at.msgcodeWith({ env }, "runner", "list", "--no-probe", "--json")).json();
		return data.map(({ id }: { readonly id: string }) => id);
	};
	const before = await listed({});
	const { env } = await userFolder.task.prepare(at);
	expect((await listed(env)).filter((id) => !before.includes(id))).toEqual(["echo"]);
	const src = fileURLToPath(new URL("../../src", import.meta.url));
	const names = readdirSync(src, { recursive: true, encoding: "utf8" });
	const told = names.filter((name) => /ECHO_HOME|runners\/echo/.test(textOf(join(src, name))));
	expect(told).toEqual([]);
});

function textOf(path: string): string {
	return /\.(ts|json)$/.test(path) ? readFileSync(path, "utf8") : "";
}

test("what does not apply is this and no more", () => {
	const table = Object.fromEntries(subjects.map(({ id, task }) => [id, Object.keys(task.notApplicable)]));
	for (const { id, task } of subjects) {
		for (const [name, reason] of Object.entries(task.notApplicable))
			console.log(`not applicable: ${id}, ${name}: ${reason}`);
	}
	expect(table).toEqual({
		shell: [],
		exec: [],
		"echo (a user's folder)": [],
		claude: [],
		codex: [],
		opencode: [],
		gemini: [],
		acp: [],
		lmstudio: ["crash"],
		http: ["crash"],
		...(hasTmux ? { tmux: ["crash"] } : {}),
	});
});
