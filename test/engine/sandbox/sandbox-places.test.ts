// What a sandbox leaves writable, and how its tools are called.
import { describe, expect, test } from "vitest";
import { bubblewrapCall, systemdRunCall } from "../../../src/engine/sandbox/sandbox-call.ts";
import { homesOf } from "../../../src/engine/sandbox/sandbox-places.ts";
import { shippedCapabilities } from "../../../src/runners/capabilities.ts";

const HOME = "/home/ada";

function homes(id: string, env: Record<string, string> = {}): string[] {
	const capability = shippedCapabilities.find((one) => one.id === id);
	if (capability === undefined) throw new Error(`There is no ${id}.`);
	return homesOf(capability, env, HOME).sort();
}

describe("what a runner keeps its login and sessions in", () => {
	test.each([
		["shell", {}, []],
		["claude", {}, ["/home/ada/.claude", "/home/ada/.claude.json"]],
		["claude", { CLAUDE_CONFIG_DIR: "/data/claude" }, ["/data/claude", "/home/ada/.claude.json"]],
		["codex", {}, ["/home/ada/.codex"]],
		["gemini", {}, ["/home/ada/.gemini"]],
	] as const)("%s with %j", (id, env, expected) => {
		expect(homes(id, env)).toEqual(expected);
	});

	test("opencode: its own folders below those of all programs, not these", () => {
		expect(homes("opencode", { XDG_CACHE_HOME: "/cache" })).toEqual([
			"/cache/opencode",
			"/home/ada/.config/opencode",
			"/home/ada/.local/share/opencode",
			"/home/ada/.local/state/opencode",
		]);
	});

	test("is never the home folder, nor one above it, whatever a record or a variable says", () => {
		const [shell] = shippedCapabilities;
		const capability = {
			...shell,
			homes: [
				{ folderEnv: null, folder: ".", file: "." },
				{ folderEnv: "ANY", folder: "x", file: "." },
				{ folderEnv: null, folder: "..", file: "." },
			],
			auth: { env: [], files: [{ folderEnv: null, folder: ".", file: ".login" }], complete: true },
		} as Parameters<typeof homesOf>[0];
		expect(homesOf(capability, { ANY: "/" }, HOME)).toEqual([]);
	});
});

describe("calls", () => {
	const places = {
		cwd: "/repo/worktrees/t",
		writable: ['/repo/work trees/"t"'],
		readOnly: ["/repo/.git"],
		visible: ["/tmp/seen", "/home/ada"],
		temporary: "/repo/.git/msgcode/tmp",
	};

	test("bubblewrap: everything read-only first, then its own /tmp, then what it may write, then what stays read-only", () => {
		const call = bubblewrapCall(places);
		const order = ["/", "/tmp", "/tmp/seen", places.writable[0], "/repo/.git"].map((path) =>
			call.lastIndexOf(path ?? ""),
		);
		expect(order).toEqual([...order].sort((a, b) => a - b));
		expect(call).not.toContain("/home/ada");
		expect(call.at(-1)).toBe("--");
	});

	test("systemd-run: quoted paths, and no /tmp of its own where the run needs something there", () => {
		const options = { user: true, unit: "msgcode-run_1", variables: ["PATH"] };
		const call = systemdRunCall(places, options);
		expect(call).toContain('ReadWritePaths="/repo/work trees/\\"t\\""');
		expect(call).toContain("PrivateTmp=no");
		expect(call).toContain("PrivateUsers=yes");
		expect(systemdRunCall({ ...places, visible: [] }, { ...options, user: false })).toContain("PrivateTmp=yes");
	});
});
