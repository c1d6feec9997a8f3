// The claim makes a run the only one of its task, and only its owner can change or end it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { identityOf } from "../../../src/core/process-identity.ts";
import {
	CLAIM_LEASE_MS,
	type Claim,
	listClaims,
	ownerState,
	readClaim,
	releaseClaim,
	takeClaim,
	updateClaim,
} from "../../../src/engine/run/claim.ts";
import { temporaryFolder } from "../../support/repo.ts";

const ID = "tsk_0000000001";
const NOW = 1_000_000;

function request(more: Partial<Claim> = {}) {
	return {
		taskId: ID,
		runId: "run_20260102T030405Z_0badcafe",
		attempt: 1,
		startedAtMs: NOW,
		phase: "claimed" as const,
		actor: "Ann",
		mode: "worktree" as const,
		trigger: "manual" as const,
		idempotencyKey: null,
		runner: { kind: "shell", model: null, argv: [] },
		promptDigest: { sha256: "", length: 0 },
		base: null,
		worktree: null,
		sensitive: false,
		session: null,
		...more,
	};
}

const take = (stateDir: string, more: Partial<Claim> = {}) => takeClaim(stateDir, request(more), NOW) as Claim;

describe("a claim", () => {
	test("is taken once", () => {
		const stateDir = temporaryFolder();
		const claim = take(stateDir);
		expect(claim).toMatchObject({ taskId: ID, leaseUntilMs: NOW + CLAIM_LEASE_MS, identity: { pid: process.pid } });
		expect(take(stateDir)).toBeNull();
		expect(readClaim(stateDir, ID)).toEqual(claim);
		expect(take(stateDir, { taskId: "tsk_0000000002" })).not.toBeNull();
	});

	test("is renewed and changed by its owner", () => {
		const stateDir = temporaryFolder();
		const claim = take(stateDir);
		const next = updateClaim(stateDir, claim, { phase: "running" }, NOW + 5000);
		expect(next).toMatchObject({ phase: "running", owner: claim.owner, leaseUntilMs: NOW + 5000 + CLAIM_LEASE_MS });
		expect(readClaim(stateDir, ID)).toEqual(next);
	});

	test("is not changed or released by a former owner", () => {
		const stateDir = temporaryFolder();
		const stale = take(stateDir);
		releaseClaim(stateDir, stale);
		const current = take(stateDir);
		expect(() => updateClaim(stateDir, stale, { phase: "running" }, NOW)).toThrow(
			expect.objectContaining({ code: "task_running" }),
		);
		releaseClaim(stateDir, stale);
		expect(readClaim(stateDir, ID)).toEqual(current);
		releaseClaim(stateDir, current);
		expect(readClaim(stateDir, ID)).toBeNull();
		releaseClaim(stateDir, current);
	});

	test("that was taken away is not written again", () => {
		const stateDir = temporaryFolder();
		const claim = take(stateDir);
		releaseClaim(stateDir, claim);
		expect(() => updateClaim(stateDir, claim, {}, NOW)).toThrow(expect.objectContaining({ code: "task_running" }));
		expect(readClaim(stateDir, ID)).toBeNull();
	});
});

describe("an owner", () => {
	test("is alive while its process runs, and dead when that is gone, whatever the lease says", async () => {
		const stateDir = temporaryFolder();
		const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: "pipe" });
		await once(child, "spawn");
		const identity = identityOf(child.pid as number) as Claim["identity"];
		const claim = take(stateDir, { identity });
		expect(ownerState(claim, NOW + CLAIM_LEASE_MS * 10)).toBe("alive");
		child.kill("SIGKILL");
		await once(child, "exit");
		expect(ownerState(claim, NOW)).toBe("dead");
		expect(listClaims(stateDir, NOW)).toEqual([{ claim, owner: "dead" }]);
	});

	test("of another machine is believed until its lease ends", () => {
		const claim = take(temporaryFolder());
		const elsewhere = { ...claim, identity: { ...claim.identity, host: "elsewhere" } };
		expect(ownerState(elsewhere, NOW + CLAIM_LEASE_MS)).toBe("unknown");
		expect(ownerState(elsewhere, NOW + CLAIM_LEASE_MS + 1)).toBe("dead");
	});

	test("of the same number but another start is dead", () => {
		const claim = take(temporaryFolder());
		expect(ownerState({ ...claim, identity: { ...claim.identity, startTime: "1" } }, NOW)).toBe("dead");
	});
});

describe("the list of claims", () => {
	test("is empty without any, and steps over what it cannot read", () => {
		const stateDir = temporaryFolder();
		expect(listClaims(stateDir, NOW)).toEqual([]);
		const claim = take(stateDir);
		for (const [name, content] of [
			["tsk_0000000002.json", "{ torn"],
			["tsk_0000000003.json", JSON.stringify({ ...claim })],
			["tsk_0000000004.json", JSON.stringify({ ...claim, schemaVersion: 2, taskId: "tsk_0000000004" })],
			["something.json", "{}"],
		] as const) {
			writeFileSync(join(stateDir, "claims", name), content);
		}
		expect(listClaims(stateDir, NOW)).toEqual([{ claim, owner: "alive" }]);
	});
});
