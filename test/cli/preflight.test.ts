// preflight: three groups, stable with everything missing, the user's own file heard, and an exit code for scripts.

import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { PreflightItem } from "../../src/config/preflight-file.ts";
import { isReady, preflight } from "../../src/engine/probe/preflight.ts";
import { lookFor } from "../../src/engine/probe/preflight-item.ts";
import { runCli } from "../support/cli.ts";
import { AGENT_VERSIONS, fakePrograms } from "../support/fake-programs.ts";
import { hermeticEnvironment, type Repo, repo, temporaryFolder } from "../support/repo.ts";

const NOTHING_LISTENS = { LMSTUDIO_BASE_URL: "http://127.0.0.1:9" };

interface Item {
	readonly name: string;
	readonly kind: string;
	readonly status: string;
	readonly detail: string | null;
	readonly fixHint: string | null;
}

function read(data: Record<string, readonly Item[]>) {
	const status = (group: string) => Object.fromEntries((data[group] ?? []).map((item) => [item.name, item.status]));
	return { start: status("requiredForStart"), jobs: status("requiredForJobs"), optional: status("optional") };
}

describe("one thing", () => {
	const place = () => ({
		env: { PATH: fakePrograms({ tool: "exit 0" }), SET: "x", HOME: temporaryFolder() },
		root: "/",
	});
	const look = (kind: PreflightItem["kind"], target: string, model?: string) =>
		lookFor({ name: "it", kind, target, model }, place());

	test.each([
		["bin", "tool", "ok"],
		["bin", "no-such-tool", "missing"],
		["bin", "./tool", "unknown"],
		["env_set", "SET", "ok"],
		["env_set", "UNSET", "missing"],
		["fs_exists", "~", "ok"],
		["fs_exists", "~/nothing", "missing"],
		["fs_read", "etc", "ok"],
		["fs_read", "/nothing/at/all", "missing"],
		["fs_write", "~", "ok"],
		["fs_write", "/nothing/at/all", "missing"],
		["http", "http://127.0.0.1:9", "missing"],
		["http", "no address", "missing"],
		["model_loaded", "http://127.0.0.1:9", "missing"],
	] as const)("%s %s: %s", async (kind, target, status) => {
		expect((await look(kind, target)).status).toBe(status);
	});

	test("a service that answers, its errors, and its models", async () => {
		const server = createServer((request, response) => {
			if (request.url === "/broken") return response.writeHead(503).end();
			if (request.url === "/odd/v1/models") return response.end("no list");
			return response.end(JSON.stringify({ data: request.url?.startsWith("/empty") ? [] : [{ id: "small" }] }));
		});
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		onTestFinished(() => void server.close());
		const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
		const statuses = [
			await look("http", url),
			await look("http", `${url}/broken`),
			await look("model_loaded", `${url}/`, "small"),
			await look("model_loaded", url),
			await look("model_loaded", url, "large"),
			await look("model_loaded", `${url}/empty`),
			await look("model_loaded", `${url}/odd`),
		].map(({ status }) => status);
		expect(statuses).toEqual(["ok", "missing", "ok", "ok", "missing", "missing", "unknown"]);
	});
});

describe("the user's own list", () => {
	const own = (name: string, status: "ok" | "missing") => ({
		group: "optional" as const,
		result: { name, kind: "bin" as const, target: name, status, detail: null, fixHint: "Own hint." },
	});
	const place = { env: {}, root: "/" };

	test("adds items, moves known ones, and leaves some out", async () => {
		const groups = await preflight(
			[own("a", "missing"), own("b", "ok"), own("c", "missing")],
			{
				requiredForStart: [{ name: "set", kind: "env_set", target: "NOT_SET", fixHint: "Set it." }],
				requiredForJobs: [{ name: "a", fixHint: "Another hint." }, { name: "nobody knows" }],
				ignored: ["c"],
			},
			place,
		);
		expect(groups.requiredForStart).toMatchObject([{ name: "set", status: "missing", fixHint: "Set it." }]);
		expect(groups.requiredForJobs).toMatchObject([
			{ name: "a", status: "missing", fixHint: "Another hint." },
			{ name: "nobody knows", status: "unknown" },
		]);
		expect(groups.optional.map(({ name }) => name)).toEqual(["b"]);
	});

	test("only what is missing and required keeps work from starting; strict looks at jobs too", async () => {
		const groups = async (group: "requiredForStart" | "requiredForJobs" | "optional") =>
			await preflight([own("a", "missing")], { [group]: [{ name: "a" }] }, place);
		expect([isReady(await groups("optional"), true), isReady(await groups("requiredForStart"), false)]).toEqual([
			true,
			false,
		]);
		expect([isReady(await groups("requiredForJobs"), false), isReady(await groups("requiredForJobs"), true)]).toEqual([
			true,
			false,
		]);
		const unknown = await preflight([], { requiredForStart: [{ name: "nobody knows" }] }, place);
		expect(isReady(unknown, true)).toBe(true);
	});
});

describe("msgcode preflight", () => {
	const call = (place: Repo, env: Readonly<Record<string, string>>, ...flags: string[]) =>
		place.msgcodeWith({ env: { ...NOTHING_LISTENS, ...env } }, "preflight", "--json", ...flags);

	test("requires what the default and the open tasks name, and strict insists on it", async () => {
		const place = await repo({ ledger: true });
		const { claude } = AGENT_VERSIONS;
		const PATH = `${fakePrograms({ claude })}:${process.env.PATH}`;
		place.write("msgcode.toml", '[runner]\ndefault = "auto"\n');
		await place.msgcode("task", "add", "One", "--runner", "codex", "--prompt", "x");
		await place.msgcode("task", "add", "Two", "--runner", "nowhere", "--prompt", "x");
		const relaxed = await call(place, { PATH });
		const { start, jobs, optional } = read(relaxed.json().data);
		expect(start).toEqual({ node: "ok", git: "ok", workspace: "ok", ledger: "ok", "state folder": "ok" });
		expect(jobs).toMatchObject({
			...{ "runner auto": "ok", "runner claude": "ok", "runner codex": "missing", "runner nowhere": "missing" },
		});
		expect(optional).toMatchObject({ "runner shell": "ok", "runner lmstudio": "missing" });
		expect([relaxed.exitCode, relaxed.json().data.ready]).toEqual([0, true]);
		const strict = await call(place, { PATH }, "--strict");
		expect([strict.exitCode, strict.json().data]).toMatchObject([1, { ready: false, strict: true }]);
	});

	test("hears deps.json, and one that cannot be read is itself missing", async () => {
		const place = await repo({ ledger: true });
		const config = join(place.home, "config");
		mkdirSync(config);
		const env = { MSGCODE_CONFIG_DIR: config };
		const items = { requiredForStart: [{ name: "jq", kind: "bin", target: "no-such-program-here" }] };
		writeFileSync(join(config, "deps.json"), JSON.stringify(items));
		const missing = await call(place, env);
		expect([missing.exitCode, read(missing.json().data).start.jq]).toEqual([1, "missing"]);
		writeFileSync(join(config, "deps.json"), '{"requiredForStart": [{"nam": "x"}]}');
		expect(read((await call(place, env)).json().data).start["deps.json"]).toBe("missing");
		writeFileSync(join(config, "deps.json"), "{}");
		expect((await call(place, env)).exitCode).toBe(0);
		chmodSync(join(config, "deps.json"), 0o666);
		expect(read((await call(place, env)).json().data).start["deps.json"]).toBe("missing");
	});

	test("has the same form where there is nothing at all", async () => {
		const home = temporaryFolder();
		const env = { ...hermeticEnvironment(home), ...NOTHING_LISTENS, PATH: "/nowhere" };
		const { exitCode, json } = await runCli(["preflight", "--json"], { cwd: home, env });
		const { data } = json();
		expect(Object.keys(data)).toEqual(["ready", "strict", "requiredForStart", "requiredForJobs", "optional"]);
		const { start, jobs, optional } = read(data);
		expect([exitCode, start, jobs]).toEqual([1, { node: "ok", git: "missing", workspace: "missing" }, {}]);
		expect(optional).toMatchObject({ "runner shell": "ok", "runner claude": "missing" });
		for (const item of [...data.requiredForStart, ...data.optional]) {
			expect(Object.keys(item)).toEqual(["name", "kind", "target", "status", "detail", "fixHint"]);
		}
	});

	test("reads as three lists with the way out", async () => {
		const place = await repo({ ledger: true });
		const { stdout } = await place.msgcodeWith({ env: NOTHING_LISTENS }, "preflight");
		expect(stdout).toMatch(/^Required to start\n {2}ok {7}node/);
		expect(stdout).toMatch(/Optional\n[\s\S]*hint: Install[\s\S]*Ready\.\n$/);
		// What a missing runner needs stands once: in its own line.
		expect(stdout).toContain("runner lmstudio: ");
		expect(stdout).not.toContain("runner lmstudio: model");
	});
});
