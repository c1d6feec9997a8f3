import { describe, expect, test } from "vitest";
import { endByError, endOfTurn } from "../../../../src/runners/drivers/acp/acp-verdict.ts";

describe("the end of a turn", () => {
	test.each([
		["end_turn", "ok", undefined],
		["max_tokens", "error", "RUNNER_INCOMPLETE"],
		["max_turn_requests", "error", "RUNNER_INCOMPLETE"],
		["cancelled", "error", "RUNNER_INCOMPLETE"],
		["a word of later days", "error", "RUNNER_INCOMPLETE"],
		["refusal", "error", "RUNNER_FAILED"],
	])("%s", (reason, status, errorCode) => {
		expect(endOfTurn(reason)).toEqual({ status, ...(errorCode && { errorCode }), details: { stopReason: reason } });
	});
});

describe("an error of the agent", () => {
	test.each([
		["session/new", { code: -32000 }, { errorCode: "AUTH_MISSING" }],
		["session/prompt", { code: 401 }, { errorCode: "AUTH_MISSING" }],
		["session/prompt", { code: -32603, data: { status: 403 } }, { errorCode: "AUTH_MISSING" }],
		["session/prompt", { code: 429 }, { errorCode: "COOLDOWN", limit: { resetAtMs: null, text: "Words." } }],
		["session/prompt", { code: -32603, data: { statusCode: 429 } }, { errorCode: "COOLDOWN" }],
		["session/prompt", { code: -32603, data: "429" }, { errorCode: "RUNNER_FAILED", preview: "Words." }],
		["session/load", { code: -32002 }, { errorCode: "RUNNER_FAILED", details: { resume: "refused" } }],
		["session/resume", { code: -32603 }, { errorCode: "RUNNER_FAILED", details: { resume: "refused" } }],
		["session/load", { code: -32000 }, { errorCode: "AUTH_MISSING" }],
		["session/prompt", { code: -32002 }, { errorCode: "RUNNER_FAILED" }],
		["initialize", { code: -32601 }, { errorCode: "RUNNER_FAILED" }],
	])("%s %j", (request, error, wanted) => {
		const result = endByError(request, { message: "Words.", ...error });
		expect(result).toMatchObject({ status: "error", ...wanted });
		expect(result.details).toMatchObject({ request, code: error.code });
		expect(JSON.stringify(result.details)).not.toContain("Words.");
	});
});
