// A runner that a user brings along: the folder fixtures/runners/echo, copied into a config folder.
import { chmodSync, cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRegistry } from "../../../src/runners/registry.ts";
import { temporaryFolder } from "../../support/repo.ts";
import type { Subject } from "../subject.ts";
import { byPrompt, taskByPrompt } from "./bracketed.ts";

export const ECHO = fileURLToPath(new URL("../../../fixtures/runners/echo", import.meta.url));

/** Puts the runner into the config folder, as a user would. */
export function bringAlong(configDir: string, folder = ECHO, id = "echo"): void {
	const target = join(configDir, "runners", id);
	mkdirSync(target, { recursive: true, mode: 0o755 });
	cpSync(folder, target, { recursive: true });
	for (const path of [configDir, join(configDir, "runners"), target]) chmodSync(path, 0o755);
}

export const userFolder: Subject = {
	id: "echo (a user's folder)",
	notApplicable: {},
	runner() {
		const configDir = temporaryFolder("msgcode-config-");
		bringAlong(configDir);
		return createRegistry(undefined, {}, configDir).get("echo");
	},
	env: (home) => ({ ECHO_HOME: join(home, ".echo") }),
	way: byPrompt,
	work: "file",
	task: {
		notApplicable: {},
		prepare(at) {
			const configDir = join(at.home, "config");
			bringAlong(configDir);
			return { env: { MSGCODE_CONFIG_DIR: configDir } };
		},
		add: taskByPrompt("echo"),
	},
};
