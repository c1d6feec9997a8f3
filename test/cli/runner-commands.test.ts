// runner list, show, probe: three answers for each, in and outside a workspace; a try for real only after a yes.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type CliResult, runCli } from "../support/cli.ts";
import { AGENT_VERSIONS, fakePrograms } from "../support/fake-programs.ts";
import { hermeticEnvironment, repo, temporaryFolder } from "../support/repo.ts";
import { standInEnvironment } from "../support/stand-ins.ts";

const NOTHING_LISTENS = { LMSTUDIO_BASE_URL: "http://127.0.0.1:9" };

function outside(env: Readonly<Record<string, string>> = {}) {
	const home = temporaryFolder();
	const all = { ...hermeticEnvironment(home), PATH: "/usr/bin:/bin", ...NOTHING_LISTENS, ...env };
	return { home, call: (...argv: string[]) => runCli(argv, { cwd: home, env: all }) };
}

const byId = (result: CliResult): Record<string, Record<string, unknown>> =>
	Object.fromEntries(result.json().data.map((row: { id: string }) => [row.id, row]));

describe("runner list", () => {
	test("tells of each where it is from and how it stands, also outside a workspace", async () => {
		const bin = fakePrograms({ claude: AGENT_VERSIONS.claude, codex: "exit 0" });
		const { call } = outside({ PATH: `${bin}:/usr/bin:/bin`, MSGCODE_RUNNER_DEFAULT: "auto", ANTHROPIC_API_KEY: "x" });
		const listed = byId(await call("runner", "list", "--json"));
		expect(listed.claude).toMatchObject({
			...{ kind: "agent", origin: "shipped", default: true, installed: "yes", authenticated: "yes", works: "unknown" },
			...{ version: "2.1.329", standing: "tested", tested: "2.1.329", problem: null, fixHint: [] },
		});
		expect(listed.codex).toMatchObject({
			installed: "no",
			default: false,
			problem: expect.stringContaining("not the one"),
		});
		expect(listed.shell).toMatchObject({ installed: "yes", authenticated: "yes", works: "yes" });
	});

	test("shows the user's own runners and those of msgcode.toml, and starts nothing of the latter", async () => {
		const place = await repo({ ledger: true });
		const own = join(place.home, ".config/msgcode/runners/mine");
		mkdirSync(own, { recursive: true });
		const record = {
			exec: { argv: ["{RUNNER_DIR}/run"] },
			title: "Mine",
			auth: null,
			probe: { argv: ["sh", "-c", "echo 1.0"] },
		};
		writeFileSync(join(own, "capability.json"), JSON.stringify(record));
		place.write("evil.sh", { executable: "#!/bin/sh\ntouch ran\n" });
		place.write("msgcode.toml", `[runners.evil]\nargv = ["${join(place.path, "evil.sh")}"]\n`);
		const listed = byId(await place.msgcodeWith({ env: NOTHING_LISTENS }, "runner", "list", "--json"));
		expect(listed.mine).toMatchObject({
			origin: "user",
			title: "Mine",
			installed: "yes",
			authenticated: "yes",
			version: "1.0",
		});
		expect(listed.evil).toMatchObject({ origin: "settings", file: "msgcode.toml", installed: "yes", works: "unknown" });
		await place.msgcodeWith({ env: NOTHING_LISTENS }, "runner", "probe", "evil");
		expect(place.exists("ran")).toBe(false);
		const tried = await place.msgcodeWith({}, "runner", "probe", "evil", "--live", "--yes", "--json");
		expect([tried.exitCode, tried.json().error.code, place.exists("ran")]).toEqual([2, "usage", false]);
	});

	test("a task of the user's own runner is held again when that is declared otherwise, and task show sees it", async () => {
		const place = await repo({ ledger: true });
		const own = join(place.home, ".config/msgcode/runners/mine");
		mkdirSync(own, { recursive: true });
		const declare = (...argv: string[]) =>
			writeFileSync(join(own, "capability.json"), JSON.stringify({ exec: { argv } }));
		declare("sh", "-c", "echo one");
		const id = (await place.msgcode("task", "add", "One", "--runner", "mine", "--prompt", "x", "--json")).json().data
			.id;
		const held = async () => (await place.msgcode("task", "show", id, "--json")).json().data.held;
		expect(await held()).toBe(false);
		expect((await place.msgcode("task", "run", id, "--json")).json().data).toMatchObject({ runner: { kind: "mine" } });
		declare("sh", "-c", "echo another");
		expect(await held()).not.toBe(false);
		expect((await place.msgcode("task", "run", id, "--json")).json().error.code).toBe("approval_required");
	});

	test("--no-probe asks nobody", async () => {
		const marker = join(temporaryFolder(), "asked");
		const bin = fakePrograms({ claude: `touch ${marker}; ${AGENT_VERSIONS.claude}` });
		const { call } = outside({ PATH: `${bin}:/usr/bin:/bin` });
		const listed = byId(await call("runner", "list", "--no-probe", "--json"));
		expect([listed.claude?.installed, existsSync(marker)]).toEqual([null, false]);
	});

	test("reads as a table", async () => {
		const { stdout } = await outside().call("runner", "list");
		expect(stdout).toMatch(/^RUNNER +FROM +INSTALLED +SIGNED IN +WORKS +VERSION +WHAT\n/);
		expect(stdout).toMatch(/\nshell +shipped +yes +yes +yes /);
	});
});

describe("runner show", () => {
	test("says what it may do and that a worktree is no sandbox", async () => {
		const { call } = outside();
		const shown = await call("runner", "show", "claude");
		expect(shown.stdout).toContain("a worktree is not a sandbox");
		expect(shown.stdout).toMatch(/risk +high: writes, network, executes code\n/);
		expect((await call("runner", "show", "claude", "--json")).json().data).toMatchObject({
			...{ id: "claude", installed: "no", capability: { id: "claude", version: 1 } },
		});
	});

	test.each(["nope", "auto"])("%s is no runner", async (id) => {
		const { exitCode, json } = await outside().call("runner", "show", id, "--json");
		expect([exitCode, json().error.code]).toEqual([2, "runner_unknown"]);
	});
});

describe("runner probe", () => {
	test("has an exit code for one runner and tells the ways out", async () => {
		const { call } = outside();
		expect((await call("runner", "probe", "shell")).exitCode).toBe(0);
		expect((await call("runner", "probe")).exitCode).toBe(0);
		const missing = await call("runner", "probe", "codex");
		expect(missing.exitCode).toBe(1);
		expect(missing.stdout).toMatch(/codex: codex is not on PATH\.\n {2}hint: Install Codex/);
	});

	test("--live asks for a yes, tries in a folder of its own, and leaves nothing", async () => {
		const home = temporaryFolder();
		const { call } = outside(standInEnvironment(home));
		const unasked = await call("runner", "probe", "claude", "--live", "--json");
		expect([unasked.exitCode, unasked.json().error.code]).toEqual([2, "confirmation_required"]);
		expect(unasked.json().error.message).toContain("money");
		const before = readdirSync(tmpdir()).filter((name) => name.startsWith("msgcode-trial-"));
		const tried = await call("runner", "probe", "claude", "--live", "--yes", "--json");
		expect(tried.json().data).toMatchObject({
			id: "claude",
			works: "yes",
			authenticated: "yes",
			live: { errorCode: null },
		});
		expect(tried.exitCode).toBe(0);
		const after = readdirSync(tmpdir()).filter((name) => name.startsWith("msgcode-trial-"));
		expect(after.filter((name) => !before.includes(name))).toEqual([]);
	});

	test("--live tells a login that is missing, and only tries what is there", async () => {
		const refuses = `case "$*" in *--version*) ${AGENT_VERSIONS.claude};; *) cat > /dev/null
echo '{"type":"assistant","error":"authentication_failed","message":{"content":[{"type":"text","text":"Not logged in"}]}}'
echo '{"type":"result","subtype":"success","is_error":true,"result":"Not logged in"}'; exit 1;; esac`;
		const { call } = outside({ PATH: `${fakePrograms({ claude: refuses })}:/usr/bin:/bin` });
		const tried = await call("runner", "probe", "--live", "--yes", "--json");
		expect(byId(tried).claude).toMatchObject({ works: "no", authenticated: "no", live: { errorCode: "AUTH_MISSING" } });
		expect(byId(tried).codex).toMatchObject({ live: null });
		const nothing = await outside().call("runner", "probe", "--live", "--yes", "--json");
		expect(nothing.json().error.code).toBe("usage");
	});
});
