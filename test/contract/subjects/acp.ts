// The driver of the Agent Client Protocol, with the stand-in of an agent that speaks it.
import { fileURLToPath } from "node:url";
import { createRegistry } from "../../../src/runners/registry.ts";
import type { Subject, Way } from "../subject.ts";
import { byPrompt, taskByPrompt } from "./bracketed.ts";

const AGENT = [
	process.execPath,
	fileURLToPath(new URL("../../../fixtures/agents/acp-agent.mjs", import.meta.url)),
	"--acp",
];

export const acp: Subject = {
	id: "acp",
	notApplicable: {},
	runner: () => createRegistry().get("acp"),
	env: () => ({}),
	way: (name): Way => ({
		payload: { ...byPrompt(name).payload, args: [...AGENT, ...(name === "auth missing" ? ["--auth"] : [])] },
	}),
	work: "file",
	task: {
		notApplicable: {},
		prepare: () => ({ env: {} }),
		add: (name) => [...taskByPrompt("acp")(name), "--", ...AGENT],
	},
};
