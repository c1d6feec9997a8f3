import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MsgcodeError } from "../../../src/core/errors.ts";
import { frontMatterOf } from "../../../src/ledger/task/definition.ts";
import { parseFlagValue, runnerFromFlags } from "../../../src/ledger/task/definition-flags.ts";
import { definitionKeys, isDefinitionKey, ownerOf, similarKey } from "../../../src/ledger/task/definition-keys.ts";
import { definitionSchemas } from "../../../src/ledger/task/definition-schemas.ts";
import { formatDocument } from "../../../src/ledger/task/document.ts";
import { parseTaskFile } from "../../../src/ledger/task/task-file.ts";

const read = (front: string, name = "tsk_0000000001") =>
	parseTaskFile(`---\n${front}\n---\nDo it.\n`, `tasks/${name}.md`);

describe("the table of keys", () => {
	it("has a schema, a flag of its own and help for every key", () => {
		expect(Object.keys(definitionSchemas)).toEqual(definitionKeys.map((row) => row.key));
		expect(new Set(definitionKeys.map((row) => row.flag)).size).toBe(definitionKeys.length);
		for (const row of definitionKeys) {
			expect(row.flag).toMatch(/^--[a-z]+(?:-[a-z]+)*$/);
			expect(row.help).toMatch(/\S/);
			expect(ownerOf(row.key)).toBeNull();
		}
	});

	it("tells a misspelt key from the user's own", () => {
		expect([similarKey("depends-on"), similarKey("DEPENDSON"), similarKey("label"), similarKey("sprint")]).toEqual([
			"dependsOn",
			"dependsOn",
			"labels",
			null,
		]);
		expect([ownerOf("toString"), isDefinitionKey("toString")]).toEqual([null, false]);
	});
});

describe("valid values", () => {
	it.each([
		["priority: 10", { priority: 10 }],
		["labels: one", { labels: ["one"] }],
		["labels: [one, two]", { labels: ["one", "two"] }],
		["files: src/a b.ts", { files: ["src/a b.ts"] }],
		["checks: npm test", { checks: ["npm test"] }],
		["checks: [npm test, [make, all]]", { checks: ["npm test", ["make", "all"]] }],
		["dependsOn: tsk_0000000002", { dependsOn: ["tsk_0000000002"] }],
		["runner: shell", { runner: { kind: "shell" } }],
		["runner: {kind: claude, model: auto, mine: 1}", { runner: { kind: "claude", model: "auto", mine: 1 } }],
		["timeout: 15m", { timeout: 900_000 }],
		["timeout: 90", { timeout: 90_000 }],
		["timeout: 24h", { timeout: 86_400_000 }],
		["deferUntil: 2028-02-29T10:00+02:00", { deferUntil: "2028-02-29T10:00+02:00" }],
		[
			"retry: {maxAttempts: 10, initial: 1m, jitter: true}",
			{ retry: { maxAttempts: 10, initial: 60_000, jitter: true } },
		],
		["retry: {strategy: custom, delays: [10, 1m]}", { retry: { strategy: "custom", delays: [10_000, 60_000] } }],
		[
			"schedule: {cron: '*/5 9-17 * * MON-FRI', tz: America/New_York}",
			{ schedule: { cron: "*/5 9-17 * * MON-FRI", tz: "America/New_York" } },
		],
		["schedule: {every: 1h30m, enabled: false}", { schedule: { every: 5_400_000, enabled: false } }],
		[
			"schedule: {at: '2026-01-02T03:04:05Z', misfire: latest}",
			{ schedule: { at: "2026-01-02T03:04:05Z", misfire: "latest" } },
		],
		["chatGuid: any;-;+49", { route: { channel: "tmux", target: "any;-;+49" } }],
		["route: mail:a@b.c", { route: { channel: "mail", target: "a@b.c" } }],
		["with: {n: 1, s: '010', b: true}", { with: { n: 1, s: "010", b: true } }],
		["notify: {onFailure: true, channels: log}", { notify: { onFailure: true, channels: ["log"] } }],
		["closeOn: success", { closeOn: "success" }],
		["labels:", { labels: [] }],
		["sprint: {a: [1]}", { extra: { sprint: { a: [1] } } }],
		["id: tsk_0000000001", { extra: {} }],
	])("%s", (front, expected) => {
		const { definition, diagnostics } = read(front);
		expect(diagnostics).toEqual([]);
		expect(definition).toMatchObject(expected);
	});

	it("are the documented defaults where a key is not given", () => {
		const { definition } = read("title: x");
		expect(definition).toEqual({
			title: "x",
			priority: 5,
			labels: [],
			dependsOn: [],
			runIf: "success",
			files: [],
			checks: [],
			sensitive: false,
			prompt: "Do it.\n",
			extra: {},
		});
	});
});

describe("bad values", () => {
	it.each([
		["priority: 0", "1 to 10"],
		["priority: 1.5", "1 to 10"],
		["priority: high", "1 to 10"],
		["title: 2026", "quotes"],
		["title: |\n  two\n  lines", "one line"],
		['title: "bell \\u0007"', "control characters"],
		['title: ""', "empty"],
		[`title: ${"é".repeat(501)}`, "500"],
		["labels: [1]", "text"],
		["labels: {a: 1}", "text"],
		["dependsOn: tsk_1", "task id"],
		["dependsOn: tsk_0000000001", "itself"],
		["runIf: sometimes", "success, failure or always"],
		["deferUntil: 2026-01-02", "ISO-8601"],
		["deferUntil: 2026-01-02T03:04:05", "offset"],
		["deferUntil: 2026-02-30T00:00:00Z", "ISO-8601"],
		["runner: {model: x}", "runner.kind"],
		["runner: {kind: ../x}", "runner.kind"],
		["runner: {kind: shell, args: [sleep, 5]}", "runner.args.1"],
		['runner: {kind: shell, args: ["a\\0b"]}', "NUL"],
		["runner: {kind: shell, env: {A B: x}}", "runner.env"],
		["files: /etc/passwd", "relative"],
		["files: a/../../b", "relative"],
		['files: "a\\0b"', "control"],
		["files: C:\\x", "relative"],
		["checks: [[]]", "command"],
		["worktree: maybe", "true or false"],
		["timeout: 0", "1s"],
		["timeout: 25h", "1d"],
		["timeout: 1500ms", "duration"],
		["timeout: soon", "duration"],
		["retry: {maxAttempts: 11}", "1 to 10"],
		["retry: {strategy: custom}", "delays"],
		["retry: 3", "map"],
		["schedule: {cron: 0 9 * * *}", "--tz"],
		["schedule: {cron: 0 9 * *, tz: UTC}", "5 fields"],
		["schedule: {cron: 0 0 9 * * *, tz: UTC}", "5 fields"],
		["schedule: {cron: 0 9 * * *, tz: '+08:00'}", "IANA"],
		["schedule: {every: 1h, tz: UTC}", "without cron"],
		["schedule: {every: 1h, at: '2026-01-02T03:04:05Z'}", "exactly one"],
		["schedule: {enabled: true}", "exactly one"],
		["closeOn: failure", "success"],
		["template: ../x", "name"],
		["route: nowhere", "channel:target"],
	])("%s is one error that says why, and the title still counts", (front, words) => {
		const title = front.startsWith("title") ? "" : "title: Kept\n";
		const { definition, diagnostics } = read(`${title}${front}`);
		expect(diagnostics.map(({ code, severity }) => [code, severity])).toEqual([["value_invalid", "error"]]);
		expect(diagnostics[0]?.message).toContain(words);
		expect(diagnostics[0]?.line).toBe(title === "" ? 2 : 3);
		if (title !== "") expect(definition.title).toBe("Kept");
	});

	it("a machine-owned key is a warning that names the command, and is ignored", () => {
		const { definition, diagnostics } = read("title: x\nstatus: done\ncreatedAtMs: 1\nclosed: true");
		expect(diagnostics.map(({ code, severity, line }) => [code, severity, line])).toEqual([
			["key_machine_owned", "warning", 3],
			["key_machine_owned", "warning", 4],
			["key_machine_owned", "warning", 5],
		]);
		expect(diagnostics[0]?.hint).toContain("task close");
		expect(definition.extra).toEqual({});
	});

	it("an id must be the file's name, where that is an id", () => {
		expect(read("id: tsk_0000000002").diagnostics).toMatchObject([{ code: "id_mismatch", line: 2 }]);
		expect(read("id: tsk_0000000002", "proposal").diagnostics).toEqual([]);
	});
});

describe("the title of a file that gives none", () => {
	it.each([
		["# First *words* #\n\n# Second\n", "First *words*"],
		["text\n\n```\n# code\n```\n\n## Below ##\n", "Below"],
		["no heading\n#hash\n", "tsk_0000000001"],
		["", "tsk_0000000001"],
		["#  \n", "tsk_0000000001"],
	])("%j is %s", (body, title) => {
		expect(parseTaskFile(body, "tasks/tsk_0000000001.md").definition.title).toBe(title);
	});

	it("is cut at the limit, by characters", () => {
		expect(parseTaskFile(`# ${"😀".repeat(600)}\n`, "a.md").definition.title).toBe("😀".repeat(500));
	});

	it("drops only the blank lines that the prompt begins with", () => {
		expect(parseTaskFile("---\ntitle: x\n---\n\n  \r\n  a\n\nb\n\n", "a.md").definition.prompt).toBe("  a\n\nb\n\n");
	});
});

describe("flags", () => {
	it.each([
		["priority", "7", 7],
		["labels", ["a,b", " c "], ["a", "b", "c"]],
		["files", ["a, b.txt", "c"], ["a, b.txt", "c"]],
		["checks", ["npm test", '["make", "a,b"]'], ["npm test", ["make", "a,b"]]],
		["timeout", "15m", "15m"],
		["worktree", "false", false],
		["retry", ["maxAttempts=3", "initial=1m", "jitter=true"], { maxAttempts: 3, initial: "1m", jitter: true }],
		["retry", '{"maxAttempts": 3}', { maxAttempts: 3 }],
		["schedule", ["cron=0,30 9 * * *", "tz=UTC"], { cron: "0,30 9 * * *", tz: "UTC" }],
		["with", ["n=010", "eq=a=b"], { n: "010", eq: "a=b" }],
		["runner", "claude", { kind: "claude" }],
		["assignee", "", undefined],
		["labels", "", undefined],
		["deferUntil", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"],
	] as const)("%s from %j", (key, raw, expected) => {
		expect(parseFlagValue(key, raw)).toEqual(expected);
	});

	it.each([
		["priority", "11", "--priority"],
		["priority", "", ""],
		["title", "", "--title"],
		["labels", ["a\nb"], "--label 0"],
		["retry", "often", "--retry"],
		["retry", '{"maxAttempts"', "--retry"],
		["schedule", "cron=0 9 * * *", "--tz"],
		["worktree", "maybe", "--worktree"],
		["dependsOn", "tsk_1", "--depends-on 0"],
	] as const)("%s refuses %j and names the flag", (key, raw, words) => {
		if (words === "") return expect(parseFlagValue(key, raw)).toBeUndefined();
		try {
			parseFlagValue(key, raw);
		} catch (error) {
			expect(error).toBeInstanceOf(MsgcodeError);
			expect(error).toMatchObject({ code: "input_invalid", message: expect.stringContaining(words) });
			return;
		}
		throw new Error("nothing was thrown");
	});

	it("puts a runner together, and keeps what the flags do not name", () => {
		expect(runnerFromFlags({})).toBeUndefined();
		expect(runnerFromFlags({ argv: ["npm", "test"] })).toEqual({ kind: "shell", args: ["npm", "test"] });
		expect(runnerFromFlags({ runner: "claude", model: "auto", runnerEnv: ["A=1", "B=x=y"] })).toEqual({
			kind: "claude",
			model: "auto",
			env: { A: "1", B: "x=y" },
		});
		const before = { kind: "shell", script: "make", shell: "bash", env: { A: "1" }, mine: 1 };
		expect(runnerFromFlags({ runnerEnv: ["B=2"] }, before)).toEqual({ ...before, env: { A: "1", B: "2" } });
		expect(runnerFromFlags({ script: "make all" }, before)).toEqual({ ...before, script: "make all" });
		expect(runnerFromFlags({ argv: ["ls"] }, before)).toEqual({
			kind: "shell",
			args: ["ls"],
			env: { A: "1" },
			mine: 1,
		});
		expect(runnerFromFlags({ runner: "claude" }, before)).toEqual({ kind: "claude", env: { A: "1" }, mine: 1 });
		expect(() => runnerFromFlags({ argv: ["ls"], script: "x" })).toThrow(MsgcodeError);
		expect(() => runnerFromFlags({ runnerEnv: ["A B=1"] })).toThrow(/env/);
		expect(() => runnerFromFlags({ runner: "a/b" })).toThrow(/kind/);
	});
});

describe("what is written is what was read", () => {
	/** JSON has no -0, YAML has. */
	const withoutMinusZero = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

	it("for any valid definition, through a new file", () => {
		const line = fc
			.string({ minLength: 1, maxLength: 30 })
			.filter((text) => text.trim() !== "" && !/[\p{Cc}\u2028\u2029]/u.test(text));
		const seconds = fc.integer({ min: 1, max: 86_400 }).map((count) => count * 1000);
		const definition = fc.record(
			{
				title: line,
				priority: fc.integer({ min: 1, max: 10 }),
				labels: fc.array(line, { maxLength: 3 }),
				assignee: line,
				files: fc.array(
					line.filter((text) => !/^[/\\]|^[A-Za-z]:|\.\./.test(text)),
					{ maxLength: 2 },
				),
				checks: fc.array(fc.oneof(line, fc.array(line, { minLength: 1, maxLength: 3 })), { maxLength: 3 }),
				timeout: seconds,
				retry: fc.record({ maxAttempts: fc.integer({ min: 1, max: 10 }), initial: seconds }),
				schedule: fc.record({ every: seconds, enabled: fc.boolean() }),
				sensitive: fc.boolean(),
				route: fc.record({ channel: fc.constant("tmux"), target: line }),
				extra: fc.dictionary(fc.constantFrom("mine", "sprint"), fc.jsonValue().map(withoutMinusZero)),
			},
			{ requiredKeys: ["title", "extra"] },
		);
		fc.assert(
			fc.property(definition, (given) => {
				const { definition: base } = read("title: x");
				const full = { ...base, ...given };
				const back = parseTaskFile(formatDocument(full, "Do it.\n"), "tasks/tsk_0000000001.md");
				expect(back.diagnostics).toEqual([]);
				expect(back.definition).toEqual(JSON.parse(JSON.stringify(full)));
				expect(frontMatterOf(back.definition)).toEqual(JSON.parse(JSON.stringify(frontMatterOf(full))));
			}),
			{ numRuns: 300 },
		);
	});
});
