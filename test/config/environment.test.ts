import { describe, expect, it } from "vitest";
import { environmentNames, runnerEnvironment, settingVariables } from "../../src/config/environment.ts";

describe("a runner's environment", () => {
	it("holds what the allow-list names and nothing else", () => {
		const env = {
			PATH: "/bin",
			HOME: "/home/a",
			LC_ALL: "C",
			LC_TIME: "de_DE",
			SSH_AUTH_SOCK: "/s",
			AWS_SECRET_ACCESS_KEY: "x",
			LCX: "x",
			PATHS: "x",
			npm_config_prefix: "x",
			MSGCODE_ACTOR: "x",
			EMPTY: undefined,
		};
		expect(runnerEnvironment(env)).toEqual({
			PATH: "/bin",
			HOME: "/home/a",
			LC_ALL: "C",
			LC_TIME: "de_DE",
			SSH_AUTH_SOCK: "/s",
		});
	});

	it("takes more names and patterns from settings, and added values win", () => {
		const env = { PATH: "/bin", FOO: "1", MY_A: "2", MY_B: "3", OTHER: "4" };
		const result = runnerEnvironment(env, { allow: ["FOO", "MY_*"], add: { MY_B: "added", MSGCODE_RUN_ID: "run" } });
		expect(result).toEqual({ PATH: "/bin", FOO: "1", MY_A: "2", MY_B: "added", MSGCODE_RUN_ID: "run" });
	});

	it("never holds GIT_* nor a fail point, whoever asks for them, and a star alone allows nothing", () => {
		const env = { GIT_DIR: "/elsewhere", GIT_INDEX_FILE: "/i", MSGCODE_FAILPOINT: "files.renamed", SECRET: "x" };
		const allow = ["GIT_DIR", "GIT_*", "MSGCODE_*", "*"];
		expect(runnerEnvironment(env, { allow, add: { GIT_WORK_TREE: "/w", MSGCODE_FAILPOINT: "x" } })).toEqual({});
	});

	it.each([
		["", "x"],
		["A=B", "x"],
		["A\0", "x"],
		["A", "x\0y"],
	])("refuses the name %j with the value %j", (name, value) => {
		expect(() => runnerEnvironment({}, { add: { [name]: value } })).toThrow(
			expect.objectContaining({ code: "input_invalid" }),
		);
	});

	it("does not trip over odd names", () => {
		const result = runnerEnvironment(JSON.parse('{"__proto__":"x","PATH":"/bin"}'), { allow: ["__proto__"] });
		expect(Object.keys(result)).toEqual(["__proto__", "PATH"]);
	});
});

describe("the table of variables", () => {
	it("gives every one a meaning and every setting at most one variable", () => {
		expect(Object.values(environmentNames).filter((row) => row.meaning.length < 5)).toEqual([]);
		const settings = settingVariables().map((row) => row.setting);
		expect(new Set(settings).size).toBe(settings.length);
	});
});
