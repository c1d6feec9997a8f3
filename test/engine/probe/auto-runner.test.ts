// "auto": the first runner of the order that works, remembered until something visible changes; a run is approved and
// recorded as the runner that it resolves to.
import { rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { AUTO_ORDER, isChoosable, rememberedAuto, resolveAuto } from "../../../src/engine/probe/auto-runner.ts";
import { shippedCapabilities } from "../../../src/runners/capabilities.ts";
import { createRegistry } from "../../../src/runners/registry.ts";
import { AGENT_VERSIONS, addProgram, fakePrograms } from "../../support/fake-programs.ts";
import { localModel } from "../../support/local-model.ts";
import { repo, temporaryFolder } from "../../support/repo.ts";

const { claude, codex } = AGENT_VERSIONS;

function scene(scripts: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) {
	const bin = fakePrograms(scripts);
	const place = {
		env: { PATH: `${bin}:/usr/bin:/bin`, HOME: bin, LMSTUDIO_BASE_URL: "http://127.0.0.1:9", ...env },
		stateDir: temporaryFolder(),
		now: 1_000_000,
		find: createRegistry().find,
	};
	return { bin, place };
}

describe("what auto chooses", () => {
	test("comes from msgcode's own agents and models, never from what executes a task's words", () => {
		const chosen = shippedCapabilities.filter(({ id }) => AUTO_ORDER.includes(id));
		for (const { id, kind, inputs } of chosen) {
			expect([id, kind === "agent" || id === "lmstudio"]).toEqual([id, true]);
			expect(inputs).not.toContain("script");
		}
	});

	test.each([
		["the first in the order", { claude, codex }, {}, "claude"],
		["what is there", { codex }, {}, "codex"],
		["not a stub", { claude: "exit 0", codex }, {}, "codex"],
		["not what hangs or fails", { claude: `${claude}; exit 1`, codex }, {}, "codex"],
		["not what is signed out", { claude: `test "$1" = auth && exit 1; ${claude}`, codex }, {}, "codex"],
	] as const)("%s", async (_, scripts, env, expected) => {
		expect(await resolveAuto(scene(scripts, env).place)).toBe(expected);
	});

	test("a local model that answers, where no agent is there; believed for a minute", async () => {
		const { place } = scene({}, { LMSTUDIO_BASE_URL: (await localModel()).url });
		expect(await resolveAuto(place)).toBe("lmstudio");
		expect(rememberedAuto({ ...place, now: place.now + 59_000 })).toBe("lmstudio");
		expect(rememberedAuto({ ...place, now: place.now + 61_000 })).toBe(null);
	});

	test("nothing works: the refusal names each that was tried and what to do", async () => {
		const { place } = scene({ claude: `test "$1" = auth && exit 1; ${claude}`, codex: "exit 0" });
		await expect(resolveAuto(place)).rejects.toMatchObject({
			code: "runner_unavailable",
			message: expect.stringMatching(/claude is not signed in; codex has a problem .*; .*lmstudio does not work/),
			hint: expect.stringContaining("npm install"),
			details: { tried: expect.arrayContaining([expect.objectContaining({ id: "claude", authenticated: "no" })]) },
		});
		expect(rememberedAuto(place)).toBe(null);
	});

	test("a declaration under such an id is another program, so it is passed over and not asked", async () => {
		const marker = join(temporaryFolder(), "ran");
		const { place } = scene({ evil: `touch ${marker}` });
		const find = createRegistry(undefined, { lmstudio: { argv: ["evil"] } }).find;
		await expect(resolveAuto({ ...place, find })).rejects.toMatchObject({ code: "runner_unavailable" });
	});

	test("a service has to have answered, an agent need not have been tried", () => {
		const { find } = createRegistry();
		const state = {
			...({ id: "x", origin: "shipped", installed: "yes", authenticated: "unknown", works: "unknown" } as const),
			...({ version: null, standing: "unknown", problem: null, notes: [], fixHint: [] } as const),
		};
		const choosable = (id: string, works: "yes" | "unknown") =>
			isChoosable({ ...state, works }, find(id)?.capability ?? null);
		expect([choosable("lmstudio", "unknown"), choosable("lmstudio", "yes")]).toEqual([false, true]);
		expect([choosable("claude", "unknown"), choosable("claude", "yes")]).toEqual([true, true]);
		expect(isChoosable({ ...state, installed: "unknown" }, find("claude")?.capability ?? null)).toBe(false);
	});

	test("the answer is remembered without asking again, until a program, a login or the time changes", async () => {
		const asked = join(temporaryFolder(), "asked");
		const { bin, place } = scene({ claude: `echo x >> ${asked}; ${claude}`, codex });
		expect(rememberedAuto(place)).toBe(null);
		expect(await resolveAuto(place)).toBe("claude");
		rmSync(asked);
		expect(await resolveAuto({ ...place, now: place.now + 60_000 })).toBe("claude");
		expect(() => rmSync(asked)).toThrow(); // nobody asked

		for (const later of [place.now + 11 * 60_000, place.now - 1]) {
			expect(rememberedAuto({ ...place, now: later })).toBe(null);
		}
		expect(rememberedAuto({ ...place, env: { ...place.env, ANTHROPIC_API_KEY: "x" } })).toBe(null);
		utimesSync(join(bin, "claude"), 1, 1);
		expect(rememberedAuto(place)).toBe(null);
		expect(await resolveAuto(place)).toBe("claude");
		addProgram(bin, "codex", `${codex} # another one`);
		expect(rememberedAuto(place)).toBe(null);
		rmSync(join(bin, "claude"));
		expect(await resolveAuto(place)).toBe("codex");
	});
});

describe("a task whose runner is auto", () => {
	const SETTINGS = '[runner]\ndefault = "auto"\n';
	/** Enough of the agent for a run that succeeds and changes nothing. */
	const running = `case "$*" in *--version*) ${claude};; *) cat > /dev/null
echo '{"type":"system","subtype":"init","session_id":"0"}'
echo '{"type":"result","subtype":"success","is_error":false,"result":"done","session_id":"0"}';; esac`;

	async function place(scripts: Readonly<Record<string, string>>) {
		const bin = fakePrograms(scripts);
		const made = await repo({ ledger: true, env: { LMSTUDIO_BASE_URL: "http://127.0.0.1:9" } });
		const env = { PATH: `${bin}:${process.env.PATH}` };
		return { bin, made, call: (...argv: string[]) => made.msgcodeWith({ env }, ...argv) };
	}

	test("is approved and recorded as the runner that it stands for, and held when that is another one", async () => {
		const { bin, made, call } = await place({ claude: running });
		made.write("msgcode.toml", SETTINGS);
		const id = (await call("task", "add", "One", "--prompt", "Do it.", "--json")).json().data.id;
		const ran = await call("task", "run", id, "--json");
		expect(ran.json().data).toMatchObject({ status: "ok", runner: { kind: "claude" } });
		expect((await call("task", "show", id, "--json")).json().data).toMatchObject({ held: false });

		rmSync(join(bin, "claude"));
		addProgram(bin, "codex", codex);
		const held = await call("task", "run", id, "--json");
		expect([held.exitCode, held.json().error.code]).toEqual([6, "approval_required"]);
		expect(JSON.stringify(held.json().error.details.difference)).toContain("codex");
	});

	test("is refused before a run exists when nothing works, and can be written all the same", async () => {
		const { call, made } = await place({});
		const path = { PATH: `${fakePrograms({})}:/usr/bin:/bin` };
		const id = (await call("task", "add", "One", "--prompt", "Do it.", "--runner", "auto", "--json")).json().data.id;
		const refused = await made.msgcodeWith({ env: path }, "task", "run", id, "--json");
		expect([refused.exitCode, refused.json().error.code]).toEqual([1, "runner_unavailable"]);
		expect((await call("run", "list", "--json")).json().data).toEqual([]);
	});
});
