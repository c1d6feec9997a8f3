import { describe, expect, test } from "vitest";
import { type CommandContext, confirm } from "../../src/cli/command.ts";
import { readVerb } from "../../src/cli/commander.ts";
import { count, oneOf } from "../../src/cli/commands/options.ts";
import { type Declaration, flagsOf, isGroup, nameOf, partsOf, placeOf, type Verb } from "../../src/cli/declaration.ts";
import { exitCodes } from "../../src/cli/help.ts";
import { nouns } from "../../src/cli/nouns.ts";
import { globalFlags, leadingWords, readLine } from "../../src/cli/parse.ts";
import { run } from "../../src/cli/program.ts";
import { displayWidth } from "../../src/cli/terminal-text.ts";
import { EXIT, MsgcodeError } from "../../src/core/errors.ts";
import { version } from "../../src/core/version.ts";
import { definitionKeys } from "../../src/ledger/task/definition-keys.ts";
import { memoryIo, runCli } from "../support/cli.ts";

const root = { name: "msgcode", does: "", verbs: nouns };

function verbs(declaration: Declaration, path: readonly string[] = []): { path: string[]; verb: Verb }[] {
	const here = [...path, nameOf(declaration)];
	if (!isGroup(declaration)) return [{ path: here, verb: declaration }];
	return declaration.verbs.flatMap((child) => verbs(child, here));
}

const all = nouns.flatMap((noun) => verbs(noun));

describe("global flags", () => {
	const read = (...argv: string[]) => readLine(argv, (flag) => flag === "--title" || flag === "-t");

	test("may stand anywhere in the line", () => {
		const line = read("-C", "a b", "task", "--json", "add", "--actor=Ann", "x", "--yes");
		expect(line.words).toEqual(["task", "add", "x"]);
		expect(line.flags).toMatchObject({
			workspace: "a b",
			json: true,
			actor: "Ann",
			yes: true,
			index: true,
			color: true,
		});
		expect(read("--no-index", "--no-color", "--dry-run", "--quiet", "--plain").flags).toEqual({
			workspace: null,
			json: false,
			plain: true,
			quiet: true,
			color: false,
			yes: false,
			dryRun: true,
			actor: null,
			index: false,
		});
	});

	test("take their value from the same word or the next", () => {
		for (const argv of [["-C", "d"], ["-Cd"], ["--workspace", "d"], ["--workspace=d"]]) {
			expect(read(...argv).flags.workspace).toBe("d");
		}
	});

	test("are not looked for in the value of a command's own flag, nor behind --", () => {
		const line = read("task", "add", "--title", "--json", "-t", "-C", "--", "--yes", "--", "-C");
		expect(line.words).toEqual(["task", "add", "--title", "--json", "-t", "-C"]);
		expect(line.rest).toEqual(["--yes", "--", "-C"]);
		expect(line.flags).toMatchObject({ json: false, yes: false, workspace: null });
	});

	test("without their value, or contradicting each other, are usage errors", () => {
		for (const argv of [
			["-C"],
			["--actor="],
			["-C", "--", "x"],
			["--json", "--plain"],
			["--plain", "--format", "json"],
		]) {
			expect(() => read(...argv), argv.join(" ")).toThrow(expect.objectContaining({ code: "usage" }));
		}
	});

	test("--format says the same as --json and --plain", () => {
		expect(read("task", "list", "--format", "json").flags.json).toBe(true);
		expect(read("task", "list", "--format=plain").flags.plain).toBe(true);
		expect(read("task", "list", "--format", "table").flags).toMatchObject({ json: false, plain: false });
	});

	test("do not hide the noun", () => {
		expect(leadingWords(["--json", "-C", "x", "task", "add"])).toEqual(["task", "add"]);
		expect(leadingWords([])).toEqual([]);
	});
});

describe("a command's own line", () => {
	const verb: Verb = {
		words: "make <id> [title]",
		does: "Make",
		examples: ["msgcode make x"],
		flags: [
			{ flag: "-l, --label <label>", help: "", many: true },
			{ flag: "--limit <count>", help: "", read: count },
			{ flag: "--no-sign", help: "" },
			{ flag: "-f, --follow", help: "" },
		],
		load: async () => ({ run: async () => ({ kind: "made", data: null, human: () => "" }) }),
	};
	const read = (...words: string[]) => readVerb(verb, ["make"], words, { width: 80, color: false });

	test("is read into operands and options", async () => {
		expect(await read("a", "-l", "x", "b", "--label=y", "--limit", "3", "--no-sign", "-f")).toEqual({
			args: ["a", "b"],
			options: { label: ["x", "y"], limit: 3, sign: false, follow: true },
		});
		expect(await read("a")).toEqual({ args: ["a"], options: { sign: true } });
		expect(await read("--", "--odd")).toMatchObject({ args: ["--odd"] });
	});

	test.each([
		[[], /missing required argument 'id'/i],
		[["a", "b", "c"], /too many arguments/i],
		[["a", "--limt", "3"], /unknown option '--limt'/i],
		[["a", "--limit"], /argument missing/i],
		[["a", "--limit", "0"], /'0' is invalid.*whole number/i],
	])("that is wrong (%j) is a usage error that names the command", async (words, message) => {
		const error = await read(...words).then(
			() => null,
			(thrown: MsgcodeError) => thrown,
		);
		expect(error).toBeInstanceOf(MsgcodeError);
		expect(error).toMatchObject({ code: "usage", exitCode: 2, details: { command: "make" } });
		expect(error?.message).toMatch(message);
		expect(error?.hint).toMatch(/^(msgcode make --help|Did you mean --limit\?)$/);
	});

	test("that asks for help gets it, whatever else it lacks", async () => {
		const reading = await read("--help");
		expect(reading).toMatchObject({ help: expect.stringContaining("Usage: msgcode make [flags] <id> [title]") });
	});

	test("values that cannot be meant are refused", () => {
		expect(count("12")).toBe(12);
		for (const value of ["0", "-1", "1.5", "1e9", "", "9999999999"]) expect(() => count(value), value).toThrow();
		expect(oneOf("a", "b")("b")).toBe("b");
		expect(() => oneOf("a", "b")("c")).toThrow(/"c"/);
	});
});

describe("the program", () => {
	test("prints its version, also behind global flags", async () => {
		expect(await runCli(["--version"])).toMatchObject({ exitCode: 0, stdout: `${version}\n`, stderr: "" });
		expect(await runCli(["--no-color", "-V"])).toMatchObject({ exitCode: 0, stdout: `${version}\n` });
	});

	test("prints its help on stdout, with every noun and exit code", async () => {
		for (const argv of [[], ["--help"], ["help"], ["-h"], ["help", "help"]]) {
			const { exitCode, stdout, stderr } = await runCli(argv);
			expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
			for (const noun of nouns) expect(stdout).toMatch(new RegExp(`^  ${nameOf(noun)} `, "m"));
			for (const code of Object.values(EXIT)) expect(stdout).toMatch(new RegExp(`^  ${code} `, "m"));
		}
		expect(exitCodes.map(([code]) => code)).toEqual(Object.values(EXIT));
	});

	test("fits its help to the terminal, down to 40 columns", async () => {
		for (const terminal of [200, 80, 60, 40, 10]) {
			for (const argv of [["--help"], ["task", "--help"], ["run", "list", "--help"]]) {
				const { stdout } = await runCli(argv, { terminal, env: { NO_COLOR: "1" } });
				const prose = stdout.split("\n").filter((line) => !/^( {2}msgcode|Flags of every)/.test(line));
				const widest = Math.max(...prose.map((line) => displayWidth(line)));
				expect(widest, `${argv.join(" ")} at ${terminal}`).toBeLessThanOrEqual(Math.max(40, Math.min(terminal, 100)));
			}
		}
	});

	test("shows a noun's help on stdout when asked, on stderr with exit 2 when a command is missing", async () => {
		for (const argv of [
			["task", "--help"],
			["help", "task"],
			["task", "-h"],
		]) {
			expect(await runCli(argv)).toMatchObject({ exitCode: 0, stderr: "" });
		}
		const bare = await runCli(["task"]);
		expect(bare).toMatchObject({ exitCode: 2, stdout: "" });
		expect(bare.stderr).toContain("add [title]");
		expect((await runCli(["task", "--json"])).json().error).toMatchObject({
			code: "usage",
			hint: "msgcode task --help",
		});
	});

	test.each([
		[["taks", "list"], "Did you mean task?"],
		[["task", "lsit"], "Did you mean list?"],
		[["task", "worktree", "prnue"], "Did you mean prune?"],
		[["run", "list", "--statsu", "ok"], "Did you mean --status?"],
		[["task", "--odd"], "msgcode task --help"],
		[["xyzzy"], "msgcode --help"],
	])("answers %j with exit 2 and a hint", async (argv, hint) => {
		const { exitCode, stdout, stderr } = await runCli(argv);
		expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
		expect(stderr).toContain(`hint: ${hint}\n`);
		const json = await runCli([...argv, "--json"]);
		expect(json.exitCode).toBe(2);
		expect(json.json().error).toMatchObject({ code: "usage", hint });
	});

	test("runs an implementation and prints its result", async () => {
		const { exitCode, stdout, stderr } = await runCli(["completion", "bash"]);
		expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
		expect(stdout).toContain("complete -o default -F _msgcode msgcode");
		expect((await runCli(["--json", "completion", "--", "fish"])).json()).toMatchObject({
			schemaVersion: 1,
			kind: "completion",
			data: { shell: "fish" },
			warnings: [],
		});
		expect(await runCli(["completion", "tcsh"])).toMatchObject({ exitCode: 2 });
	});

	test("turns any exception into an exit code", async () => {
		const io = memoryIo();
		const broken = {
			...io,
			get cwd(): string {
				throw new Error("the folder is gone");
			},
		};
		expect(await run(["completion", "bash"], broken)).toBe(70);
		expect(io.written.stderr).toContain("A bug in msgcode: the folder is gone");
	});
});

describe("the declarations", () => {
	test("say what each command does, with an example that begins like it", () => {
		for (const { path, verb } of all) {
			const name = path.join(" ");
			expect(verb.does, name).toMatch(/^[A-Z].*[^.]$/);
			expect(verb.examples.length, name).toBeGreaterThan(0);
			const words = name.split(" ");
			expect(
				verb.examples.some((example) => words.every((word) => example.includes(word))),
				name,
			).toBe(true);
		}
	});

	test("give every example flags that exist", async () => {
		for (const { path, verb } of all) {
			const known = new Set([
				...globalFlags.flatMap(({ long, short }) => [long, short]),
				...(await flagsOf(verb)).map(partsOf).flatMap(({ long, short }) => [long, short]),
			]);
			for (const example of verb.examples) {
				const ours = example
					.replace(/ -- .*/, "")
					.replace(/ [|>] .*/, "")
					.replaceAll(/'[^']*'/g, "");
				const flags = ours.split(/\s+/).filter((word) => /^--?[a-zA-Z]/.test(word));
				expect(
					flags.filter((flag) => !known.has(flag)),
					`${path.join(" ")}: ${example}`,
				).toEqual([]);
			}
		}
	});

	test("never give one flag twice to a command, nor a global flag a second meaning", async () => {
		const global = new Set(globalFlags.flatMap(({ long, short }) => [long, short ?? long]));
		for (const { path, verb } of all) {
			const flags = (await flagsOf(verb)).flatMap((flag) => [partsOf(flag).long, partsOf(flag).short ?? []].flat());
			expect(new Set(flags).size, path.join(" ")).toBe(flags.length);
			expect(
				flags.filter((flag) => global.has(flag)),
				path.join(" "),
			).toEqual([]);
		}
	});

	test("give add and edit a flag for every front matter key", async () => {
		for (const name of ["add", "edit"]) {
			const { found } = placeOf(root, ["task", name]);
			const flags = new Set((isGroup(found) ? [] : await flagsOf(found)).map((flag) => partsOf(flag).long));
			expect(definitionKeys.map(({ flag }) => flag).filter((flag) => !flags.has(flag))).toEqual([]);
		}
	});

	test.each([
		["task create x", "task add"],
		["task execute x", "task run"],
		["task remove x", "task rm"],
		["task history x", "task runs"],
		["task worktree rm x", "task worktree rm"],
		["task nothing", "task"],
	])("%s is %s", (typed, path) => {
		expect(placeOf(root, typed.split(" ")).path.join(" ")).toBe(path);
	});

	test("name implementations that exist and can be run", async () => {
		for (const { path, verb } of all) {
			expect((await verb.load()).run, path.join(" ")).toBeTypeOf("function");
		}
	});
});

describe("a question", () => {
	const context = (argv: string[], options: Parameters<typeof memoryIo>[0]): CommandContext => {
		const io = memoryIo(options);
		return { io, flags: readLine(argv, () => false).flags, interactive: io.stdin.isTTY } as unknown as CommandContext;
	};

	test("is not asked with --yes", async () => {
		const asked = context(["--yes"], {});
		await expect(confirm(asked, "Land it?")).resolves.toBeUndefined();
	});

	test("passes on a typed yes only", async () => {
		await expect(confirm(context([], { terminal: 80, answers: ["Y"] }), "Land it?")).resolves.toBeUndefined();
		for (const answer of ["", "n", "maybe"]) {
			await expect(confirm(context([], { terminal: 80, answers: [answer] }), "Land it?")).rejects.toMatchObject({
				code: "interrupted",
			});
		}
	});

	test("is refused where nobody can answer", async () => {
		await expect(confirm(context([], {}), "Land it?")).rejects.toMatchObject({ code: "confirmation_required" });
	});
});
