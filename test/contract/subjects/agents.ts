// The agent CLIs, as their stand-ins in fixtures/agents play them; the streams to cut are the real ones' own.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRegistry } from "../../../src/runners/registry.ts";
import { standInEnvironment } from "../../support/stand-ins.ts";
import type { Subject } from "../subject.ts";
import { byPrompt, taskByPrompt } from "./bracketed.ts";

function agent(id: string, own: Partial<Subject> = {}): Subject {
	return {
		id,
		notApplicable: {},
		runner: () => createRegistry().get(id),
		env: standInEnvironment,
		way(name, { work }) {
			// Some work in a repository only.
			execFileSync("git", ["init", "--quiet"], { cwd: work });
			return byPrompt(name);
		},
		work: "file",
		transcript: () => stream(`${id}-ok`),
		task: {
			notApplicable: {},
			prepare: (at) => ({ env: standInEnvironment(at.home) }),
			add: taskByPrompt(id),
		},
		...own,
	};
}

function stream(name: string): Buffer {
	return readFileSync(new URL(`../../../fixtures/transcripts/${name}.stdout`, import.meta.url));
}

export const claude = agent("claude");
export const codex = agent("codex");
// In the other one a permission is refused.
export const opencode = agent("opencode", { transcript: () => stream("opencode-full"), unknownSession: "ses_0" });
export const gemini = agent("gemini");
