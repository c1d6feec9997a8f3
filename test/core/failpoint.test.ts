import { afterEach, describe, expect, it } from "vitest";
import { armFailPoints, FAIL_POINTS, failPoint } from "../../src/core/failpoint.ts";

afterEach(() => armFailPoints({}));

describe("a fail point", () => {
	it("does nothing when it is not armed", () => {
		armFailPoints({});
		expect(() => failPoint("files.renamed")).not.toThrow();
		armFailPoints({ MSGCODE_FAILPOINT: "" });
		expect(() => failPoint("files.renamed")).not.toThrow();
	});

	it("fails like a full disk, once, and other points stay quiet", () => {
		armFailPoints({ MSGCODE_FAILPOINT: "files.renamed:enospc" });
		expect(() => failPoint("files.temp-written")).not.toThrow();
		expect(() => failPoint("files.renamed")).toThrow(expect.objectContaining({ code: "ENOSPC" }));
		expect(() => failPoint("files.renamed")).not.toThrow();
	});

	it("waits for the hit that was asked for", () => {
		armFailPoints({ MSGCODE_FAILPOINT: "files.renamed:throw:3" });
		failPoint("files.renamed");
		failPoint("files.renamed");
		expect(() => failPoint("files.renamed")).toThrow("fail point files.renamed");
	});

	it("that does not exist is a usage error naming those that do", () => {
		expect(() => armFailPoints({ MSGCODE_FAILPOINT: "files.rename" })).toThrow(
			expect.objectContaining({ code: "usage", hint: expect.stringContaining(FAIL_POINTS.join(", ")) }),
		);
	});

	it.each(["files.renamed:boom", "files.renamed:0", "files.renamed:-1", "files.renamed:kill:"])(
		"written as %s is a usage error",
		(text) => {
			expect(() => armFailPoints({ MSGCODE_FAILPOINT: text })).toThrow(expect.objectContaining({ code: "usage" }));
		},
	);

	it("has a name of its own", () => {
		expect(new Set(FAIL_POINTS).size).toBe(FAIL_POINTS.length);
	});
});
