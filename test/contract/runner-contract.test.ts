// Every runner, through the contract.
import { afterAll, expect, test } from "vitest";
import { endEverythingStarted } from "../support/supervise.ts";
import { hasTmux } from "../support/tmux.ts";
import { describeRunner } from "./runner-contract.ts";
import { subjects } from "./subjects/subjects.ts";

afterAll(endEverythingStarted);

/** It types text into a session that is the user's: there is no file, no login and no stream of its own. */
const TMUX = [
	...["no change", "limit", "auth missing", "garbage", "line of 100 MB", "invalid UTF-8"],
	...["crash after partial work", "resume"],
];

for (const subject of subjects) describeRunner(subject);

test("what does not apply is this and no more", () => {
	const table = Object.fromEntries(subjects.map(({ id, notApplicable }) => [id, Object.keys(notApplicable)]));
	for (const { id, notApplicable } of subjects) {
		for (const [name, reason] of Object.entries(notApplicable))
			console.log(`not applicable: ${id}, ${name}: ${reason}`);
	}
	expect(table).toEqual({
		shell: ["limit", "auth missing", "resume"],
		exec: ["limit", "auth missing", "resume"],
		"echo (a user's folder)": [],
		claude: [],
		codex: [],
		opencode: [],
		gemini: [],
		acp: [],
		lmstudio: ["crash after partial work", "resume"],
		http: ["crash after partial work"],
		...(hasTmux ? { tmux: TMUX } : {}),
	});
});
