import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { acquireLock, type LockHolder, readLock } from "../../src/core/lock.ts";
import { sightLock } from "../../src/core/lock-file.ts";
import { removeAbandonedLock } from "../../src/core/lock-takeover.ts";
import { ownIdentity } from "../../src/core/process-identity.ts";

const program = join(import.meta.dirname, "programs/use-lock.ts");
let folder: string;
let path: string;
let children: ChildProcess[] = [];

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "msgcode-lock-"));
	path = join(folder, "state/ledger.lock");
	mkdirSync(join(folder, "state"));
});

afterEach(async () => {
	vi.useRealTimers();
	for (const child of children.filter((one) => one.exitCode === null && one.signalCode === null)) {
		child.kill("SIGKILL");
		await once(child, "exit");
	}
	children = [];
	rmSync(folder, { recursive: true, force: true });
});

function start(...args: string[]): ChildProcess & { output: () => string } {
	const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "inherit"] });
	children.push(child);
	let output = "";
	child.stdout?.on("data", (data: Buffer) => {
		output += data.toString();
	});
	return Object.assign(child, { output: () => output });
}

async function startHolder(): Promise<ChildProcess & { output: () => string }> {
	const holder = start("hold", path);
	await vi.waitUntil(() => holder.output().includes("held"), { timeout: 10_000, interval: 5 });
	return holder;
}

const acquire = (timeoutMs = 0, now = Date.now) =>
	acquireLock(path, { command: "task add", timeoutMs, clock: { now } });
const locked = (details: object) =>
	expect.objectContaining({ code: "ledger_locked", details: expect.objectContaining(details) });

function leaveLock(changes: Partial<LockHolder> = {}): void {
	const nowMs = Date.now();
	const holder: LockHolder = {
		...ownIdentity(),
		owner: "somebody",
		command: "task edit",
		acquiredAtMs: nowMs,
		leaseUntilMs: nowMs + 60_000,
		...changes,
	};
	writeFileSync(path, JSON.stringify(holder));
}

describe("a free lock", () => {
	it("is taken with its holder's name in it, and is gone after release", async () => {
		const lock = await acquire();
		expect(readLock(path)).toMatchObject({ ...ownIdentity(), command: "task add", owner: lock.holder.owner });
		expect(statSync(path).mode & 0o777).toBe(0o600);
		lock.release();
		expect(readLock(path)).toBeNull();
		expect(readdirSync(join(folder, "state"))).toEqual([]);
	});

	it("is taken again at once, and an old holder's second release does not touch the new one", async () => {
		const first = await acquire();
		first.release();
		const second = await acquire();
		first.release();
		expect(readLock(path)?.owner).toBe(second.holder.owner);
		second.release();
	});
});

describe("a held lock", () => {
	it("is refused with the holder's process and command after the timeout", async () => {
		const lock = await acquire();
		const before = performance.now();
		const failure = await acquire(80).catch((error: unknown) => error);
		expect(failure).toEqual(locked({ pid: process.pid, command: "task add", path }));
		expect((failure as Error).message).toMatch(new RegExp(`task add.*process ${process.pid}`));
		expect(performance.now() - before).toBeGreaterThanOrEqual(79);
		lock.release();
	});

	it("goes to a waiter as soon as it is released", async () => {
		const lock = await acquire();
		const waiter = acquire(10_000);
		lock.release();
		(await waiter).release();
	});

	it("of a stopped but living process is not taken", async () => {
		const holder = await startHolder();
		holder.kill("SIGSTOP");
		await expect(acquire(60, () => Date.now() + 3_600_000)).rejects.toThrow(locked({ pid: holder.pid }));
		expect(readLock(path)?.pid).toBe(holder.pid);
	});

	it("is not deleted by a release whose lock somebody else has taken since", async () => {
		const lock = await acquire();
		leaveLock();
		lock.release();
		expect(readLock(path)?.owner).toBe("somebody");
	});

	it("shows a sign of life long before its lease ends, as long as it is held", async () => {
		vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
		const lock = await acquire();
		utimesSync(path, 1, 1);
		vi.advanceTimersByTime(30_000);
		expect(Date.now() - statSync(path).mtimeMs).toBeLessThan(10_000);
		leaveLock();
		utimesSync(path, 1, 1);
		vi.advanceTimersByTime(30_000);
		expect(statSync(path).mtimeMs, "somebody else's lock").toBe(1000);
		lock.release();
		expect(vi.getTimerCount()).toBe(0);
	});
});

describe("the lock of a dead holder", () => {
	it("that was killed goes to the next at once", async () => {
		const holder = await startHolder();
		holder.kill("SIGKILL");
		await once(holder, "exit");
		const lock = await acquire(0);
		expect(lock.holder.pid).toBe(process.pid);
		lock.release();
		expect(readdirSync(`${path}.takers`)).toEqual([]);
	});

	it.each([
		["whose process id now belongs to another process", { startTime: "earlier" }],
		["of an earlier boot", { bootId: "another boot" }],
	])("%s goes to the next at once", async (_, changes) => {
		leaveLock(changes);
		(await acquire(0)).release();
	});

	it("is left alone when somebody has taken it since it was judged", () => {
		leaveLock({ startTime: "earlier" });
		const judged = sightLock(path);
		leaveLock({ owner: "quicker" });
		const taker = readLock(path);
		if (judged === null || taker === null) {
			throw new Error("The lock files of this test were not written.");
		}
		expect(removeAbandonedLock(path, judged, taker, systemClock)).toBe(false);
		expect(readLock(path)?.owner).toBe("quicker");
		expect(readdirSync(`${path}.takers`)).toEqual([]);
	});

	it("is not taken while another live taker shows a ticket, and is once that taker is dead", async () => {
		leaveLock({ startTime: "earlier" });
		mkdirSync(`${path}.takers`);
		const ticket = join(`${path}.takers`, "ticket");
		const owner = { owner: "ticket", command: "", acquiredAtMs: 0, leaseUntilMs: Date.now() + 60_000 };
		writeFileSync(ticket, JSON.stringify({ ...ownIdentity(), ...owner }));
		await expect(acquire(30)).rejects.toThrow(locked({ command: "task edit" }));
		expect(readdirSync(`${path}.takers`)).toEqual(["ticket"]);
		writeFileSync(ticket, JSON.stringify({ ...ownIdentity(), ...owner, startTime: "earlier" }));
		(await acquire(0)).release();
		expect(existsSync(ticket)).toBe(false);
	});
});

describe("the lock of a holder that cannot be seen from here", () => {
	it.each([
		["in another container", { pidNamespace: "pid:[1]", startTime: "1" }],
		["on another host", { host: "elsewhere", bootId: "other" }],
	])("%s is respected until its lease has passed", async (_, changes) => {
		leaveLock(changes);
		await expect(acquire(20)).rejects.toThrow(locked({ command: "task edit" }));
		await expect(acquire(0, () => Date.now() + 59_000)).rejects.toThrow(locked({}));
		(await acquire(0, () => Date.now() + 61_000)).release();
	});

	it("lives on with every sign of life, although the lease in the file has passed", async () => {
		leaveLock({ pidNamespace: "pid:[1]", leaseUntilMs: Date.now() - 1000 });
		await expect(acquire(0)).rejects.toThrow(locked({}));
		utimesSync(path, 1, 1);
		(await acquire(0)).release();
	});
});

describe("a lock file that nobody can read", () => {
	it.each(["", "{", "null", '{"pid":1}', "x".repeat(1000)])(
		"with content %j is held until it is old",
		async (content) => {
			writeFileSync(path, content);
			await expect(acquire(0)).rejects.toThrow(expect.objectContaining({ code: "ledger_locked" }));
			expect(readFileSync(path, "utf8")).toBe(content);
			utimesSync(path, Date.now() / 1000 - 61, Date.now() / 1000 - 61);
			(await acquire(0)).release();
		},
	);

	it("is not held for ever by a time in the future", async () => {
		writeFileSync(path, "");
		utimesSync(path, Date.now() / 1000 + 1e6, Date.now() / 1000 + 1e6);
		(await acquire(0)).release();
	});
});

describe("many processes", () => {
	it("twenty that add to one number lose no addition", { timeout: 60_000 }, async () => {
		const file = join(folder, "number");
		writeFileSync(file, "0");
		const workers = Array.from({ length: 20 }, () => start("increment", path, file, "5"));
		await Promise.all(workers.map((worker) => once(worker, "exit")));
		expect(readFileSync(file, "utf8")).toBe("100");
		expect(existsSync(path)).toBe(false);
	});

	it("eight that race for one dead lock, again and again, never hold it two at a time", {
		timeout: 60_000,
	}, async () => {
		leaveLock({ startTime: "earlier" });
		const witness = join(folder, "witness");
		const takers = Array.from({ length: 8 }, () => start("die", path, witness, "40"));
		await Promise.all(takers.map((taker) => once(taker, "close")));
		expect(takers.map((taker) => taker.output())).toEqual(takers.map(() => "done\n"));
		expect(readdirSync(`${path}.takers`)).toEqual([]);
	});
});
