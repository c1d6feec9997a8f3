// The runners that take any program: shell, and one that settings declare.
import { createRegistry } from "../../../src/runners/registry.ts";
import { program } from "../../support/supervise.ts";
import type { CaseName, Subject, Way, WholeCase } from "../subject.ts";

const WORDS: Readonly<Partial<Record<CaseName, string>>> = {
	success: "ok",
	failure: "fail",
	"no change": "nochange",
	"hang until the whole time is over": "hang",
	"hang in silence": "hang",
	cancel: "hang",
	garbage: "garbage",
	"line of 100 MB": "long-line",
	"invalid UTF-8": "invalid-utf8",
	"crash after partial work": "crash",
};
const WHOLE: Readonly<Record<WholeCase, string>> = { success: "ok", crash: "crash", cancel: "hang" };

const ACT = program("act.mjs");
const NO_WORD = "an ordinary program has no word for it, only success and failure";
const NO_SESSION = "it has no session of its own";

export const shell: Subject = {
	id: "shell",
	notApplicable: { limit: NO_WORD, "auth missing": NO_WORD, resume: NO_SESSION },
	runner: () => createRegistry().get("shell"),
	env: () => ({}),
	way: (name): Way => ({
		payload: { args: [process.execPath, ACT, WORDS[name] ?? "ok"] },
		// Whatever a command prints is its own business.
		...(name === "garbage" ? { status: "ok" } : {}),
	}),
	work: "file",
	lastWord: false,
	task: {
		notApplicable: {},
		prepare: () => ({ env: {} }),
		add: (name) => ["--runner", "shell", "--", process.execPath, ACT, WHOLE[name]],
	},
};

const DECLARATION = {
	argv: ["{NODE}", ACT],
	stdin: "prompt",
	success: { jsonLine: { match: { type: "end" }, require: { ok: true }, preview: "said" } },
};

export const exec: Subject = {
	id: "exec",
	notApplicable: { limit: NO_WORD, "auth missing": NO_WORD, resume: NO_SESSION },
	runner: () => createRegistry(undefined, { act: DECLARATION }).get("act"),
	env: () => ({}),
	way: (name): Way => ({ payload: { prompt: `Do this: [${WORDS[name] ?? "ok"}]\n` } }),
	work: "file",
	task: {
		notApplicable: {},
		prepare(at) {
			const lines = ["[runners.act]", `argv = ${JSON.stringify(DECLARATION.argv)}`, 'stdin = "prompt"'];
			const rule =
				'[runners.act.success.jsonLine]\nmatch = { type = "end" }\nrequire = { ok = true }\npreview = "said"';
			at.write(
				"msgcode.toml",
				`${at.exists("msgcode.toml") ? at.read("msgcode.toml") : ""}\n${lines.join("\n")}\n${rule}\n`,
			);
			at.commitAll("a runner");
			return { env: {} };
		},
		add: (name) => ["--runner", "act", "--prompt", `Do this: [${WHOLE[name]}]`],
	},
};
