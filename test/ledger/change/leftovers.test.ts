// What killed commands leave in the state folder goes away; what live ones have there stays.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { acquireLock, readLock } from "../../../src/core/lock.ts";
import { ownIdentity } from "../../../src/core/process-identity.ts";
import { temporaryName } from "../../../src/core/temporary-files.ts";
import { hasLeftovers, removeLeftovers } from "../../../src/ledger/change/leftovers.ts";
import { temporaryFolder } from "../../support/repo.ts";

/** A lock, or a taker's ticket, whose holder has ended: the pid is ours, but of another process. */
function deadHolder(): string {
	const now = Date.now();
	return JSON.stringify({
		...ownIdentity(),
		startTime: "1",
		owner: "0",
		command: "task add",
		acquiredAtMs: now,
		leaseUntilMs: now + 60_000,
	});
}

/** A temporary name of a process that has ended. */
const deadName = () => temporaryName().replace(/tmp-\d+-/, "tmp-999999999-");

describe("leftovers", () => {
	test("are none in a folder that is not there, or that only live commands use", async () => {
		const state = temporaryFolder();
		expect(hasLeftovers(join(state, "nowhere"), Date.now())).toBe(false);
		const lock = await acquireLock(join(state, "recovery.lock"), { command: "recovery", timeoutMs: 0 });
		writeFileSync(join(state, temporaryName()), "being written");
		expect(hasLeftovers(state, Date.now())).toBe(false);
		await removeLeftovers({ root: state, stateDir: state }, Date.now());
		expect(readdirSync(state)).toHaveLength(2);
		expect(readLock(join(state, "recovery.lock"))?.owner).toBe(lock.holder.owner);
		lock.release();
	});

	test("of dead processes go: temporary files and folders, locks, takers' tickets", async () => {
		const state = temporaryFolder();
		for (const name of ["recovery.lock", "worktree-tsk_0000000001.lock"]) {
			writeFileSync(join(state, name), deadHolder());
			expect(hasLeftovers(state, Date.now())).toBe(true);
		}
		writeFileSync(join(state, deadName()), "half");
		const folder = join(state, deadName());
		mkdirSync(folder);
		writeFileSync(join(folder, "staged"), "half");
		mkdirSync(join(state, "ledger.lock.takers"));
		writeFileSync(join(state, "ledger.lock.takers", "ticket"), deadHolder());
		writeFileSync(join(state, "workspaces.json"), "{}");
		await removeLeftovers({ root: state, stateDir: state }, Date.now());
		expect(hasLeftovers(state, Date.now())).toBe(false);
		expect(readdirSync(state).filter((name) => !name.endsWith(".takers"))).toEqual(["workspaces.json"]);
		expect(readdirSync(join(state, "ledger.lock.takers"))).toEqual([]);
	});

	test("do not count the ledger's own lock, which whoever cleans up holds", async () => {
		const state = temporaryFolder();
		writeFileSync(join(state, "ledger.lock"), deadHolder());
		expect(hasLeftovers(state, Date.now())).toBe(false);
		await removeLeftovers({ root: state, stateDir: state }, Date.now());
		expect(existsSync(join(state, "ledger.lock"))).toBe(true);
	});
});
