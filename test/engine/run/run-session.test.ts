// By what a runner's session can go on after an outcome, and what of a main session is remembered.
import { describe, expect, test } from "vitest";
import {
	dropMainSession,
	keepMainSession,
	mainSessionKey,
	readMainSession,
} from "../../../src/engine/run/main-session.ts";
import { sessionAfter } from "../../../src/engine/run/run-session.ts";
import { temporaryFolder } from "../../support/repo.ts";

const ended = (more: Partial<Parameters<typeof sessionAfter>[1]>) => ({
	status: "error" as const,
	errorCode: "RUNNER_FAILED" as const,
	session: null,
	details: {},
	...more,
});
const OK = { status: "ok", errorCode: null } as const;

describe("the session after a run", () => {
	test.each([
		["is the one that the runner named", null, ended({ ...OK, session: "new" }), "new"],
		["is none where the runner named none", null, ended(OK), null],
		["is the resumed one where the runner does not name it", "old", ended(OK), "old"],
		["is another one where the runner went on in another", "old", ended({ ...OK, session: "new" }), "new"],
		["stays after a failure in it", "old", ended({ session: "old" }), "old"],
		["is gone where the runner did not take it up", "old", ended({ session: null }), null],
		["is gone where the runner began another one and failed", "old", ended({ session: "new" }), null],
		["is gone where the runner says so", "old", ended({ session: "old", details: { resume: "refused" } }), null],
		["stays where the runner was not signed in", "old", ended({ errorCode: "AUTH_MISSING" }), "old"],
		["stays at a usage limit", "old", ended({ errorCode: "COOLDOWN" }), "old"],
		["stays where the program was not found", "old", ended({ errorCode: "RUNNER_NOT_FOUND" }), "old"],
		["stays where it was canceled", "old", ended({ status: "canceled", errorCode: "RUN_CANCELED" }), "old"],
		["stays where its time was up", "old", ended({ status: "timeout", errorCode: "RUN_TIMEOUT" }), "old"],
		["is none where its name is prose", null, ended({ ...OK, session: "the one of yesterday" }), null],
	])("%s", (_, resume, outcome, expected) => {
		expect(sessionAfter(resume, outcome)).toBe(expected);
	});
});

describe("a main session", () => {
	const at = { kind: "claude", session: "s1", runId: "run_20260102T030405Z_0badcafe", lastUsedAtMs: 1_000 };

	test("is remembered for its time, by runner and folder, until it is dropped", () => {
		const state = temporaryFolder();
		const key = mainSessionKey("claude", "/here");
		expect(readMainSession(state, key, 100, 1_000)).toBeNull();
		keepMainSession(state, key, at);
		expect(readMainSession(state, key, 100, 1_099)).toMatchObject(at);
		expect(readMainSession(state, key, 100, 1_100)).toBeNull();
		expect(readMainSession(state, key, 100, 999)).toBeNull();
		expect(readMainSession(state, mainSessionKey("claude", "/there"), 100, 1_050)).toBeNull();
		expect(readMainSession(state, mainSessionKey("codex", "/here"), 100, 1_050)).toBeNull();
		dropMainSession(state, key);
		expect(readMainSession(state, key, 100, 1_050)).toBeNull();
	});
});
