// What each case of the contract asks of a runner.
// Invariant: no case passes because a runner did nothing.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { createLineSplitter } from "../../src/core/line-splitter.ts";
import type { Runner, RunnerEvent } from "../../src/runners/runner.ts";
import { EXITED } from "../support/runner-request.ts";
import { carryOut } from "./carry-out.ts";
import { type CaseName, MADE, type Subject } from "./subject.ts";
import { expectHonest, said, Trial } from "./trial.ts";

/** Rejects with what the runner does otherwise. */
export async function checkCase(subject: Subject, name: CaseName): Promise<void> {
	await CHECKS[name](new Trial(subject, name));
}

const CHECKS: Readonly<Record<CaseName, (trial: Trial) => Promise<void>>> = {
	async success(trial) {
		const ran = await trial.run();
		expect(ran.outcome, said(ran)).toMatchObject({ status: "ok", errorCode: null, errorMessage: null });
		trial.expectWork(ran);
		if (trial.runner.capability.outputs.includes("usage")) expect(ran.outcome.usage).not.toBeNull();
		if (trial.runner.capability.resume.supported) expect(ran.outcome.session).toEqual(expect.any(String));
	},
	async failure(trial) {
		const ran = await trial.run();
		expect(ran.outcome.status, said(ran)).toBe("error");
	},
	async "no change"(trial) {
		const ran = await trial.run();
		expect(ran.outcome.status, said(ran)).toBe("ok");
		trial.expectNoWork(ran);
	},
	async "hang until the whole time is over"(trial) {
		const { outcome } = await trial.run(trial.name, { timeoutMs: 700 });
		expect(outcome).toMatchObject({ status: "timeout", errorCode: "RUN_TIMEOUT", details: { timer: "wall" } });
	},
	async "hang in silence"(trial) {
		const { outcome } = await trial.run(trial.name, { idleMs: 700 });
		expect(outcome).toMatchObject({ status: "timeout", errorCode: "RUN_TIMEOUT", details: { timer: "idle" } });
	},
	async cancel(trial) {
		const stop = new AbortController();
		const way = await trial.subject.way("cancel", trial.place);
		const { started } = way;
		void started?.then(() => stop.abort());
		const onLine = () => {
			if (started === undefined) stop.abort();
		};
		const ran = await carryOut(trial.subject, trial.runner, trial.place, way, { cancel: stop.signal, onLine });
		expectHonest(ran, trial.place);
		expect(stop.signal.aborted, "it was under way").toBe(true);
		expect(ran.outcome).toMatchObject({ status: "canceled", errorCode: "RUN_CANCELED" });
	},
	async limit(trial) {
		const before = Date.now();
		const ran = await trial.run();
		expect(ran.outcome, said(ran)).toMatchObject({ status: "error", errorCode: "COOLDOWN" });
		const { limit, details } = ran.outcome;
		const { resetAtMs = null } = limit ?? {};
		expect(details).toMatchObject({ resetAtMs, estimated: resetAtMs === null });
		if (resetAtMs !== null) expect(resetAtMs).toBeGreaterThan(before);
		expect(ran.events.map(({ type }) => type)).toContain("run.limit");
	},
	async "auth missing"(trial) {
		const ran = await trial.run();
		expect(ran.outcome, said(ran)).toMatchObject({ status: "error", errorCode: "AUTH_MISSING" });
		trial.expectNoWork(ran);
	},
	async garbage(trial) {
		const way = await trial.subject.way("garbage", trial.place);
		const ran = await trial.run();
		expect(ran.outcome.status, said(ran)).toBe(way.status ?? "error");
		for (const { text, events } of ran.heard) {
			if (text.trim() === "" || isRecord(text)) continue;
			expect(events.length, `${JSON.stringify(text)} is not dropped`).toBeGreaterThan(0);
		}
	},
	async "line of 100 MB"(trial) {
		const began = performance.now();
		const way = await trial.subject.way(trial.name, trial.place);
		const ran = await trial.run();
		expect(ran.outcome.status, said(ran)).toBe(way.status ?? "ok");
		if (ran.process.stdoutBytes > 100_000_000) {
			const cut = ran.heard.filter(({ truncated }) => truncated);
			expect(cut).toHaveLength(1);
			expect(JSON.stringify(cut[0]?.events)).toContain('"truncated":true');
			expect(Buffer.byteLength(cut[0]?.text ?? "")).toBeLessThanOrEqual(trial.runner.capability.limits.lineBytes);
		}
		if (ran.outcome.status === "ok") trial.expectWork(ran);
		expect(performance.now() - began).toBeLessThan(30_000);
	},
	async "invalid UTF-8"(trial) {
		const ran = await trial.run();
		expect(ran.outcome.status, said(ran)).toBe("ok");
		expect(JSON.stringify(ran.events)).toContain("\ufffd");
		trial.expectWork(ran);
	},
	async "stream cut anywhere"(trial) {
		const { transcript } = trial.subject;
		if (transcript === undefined) await trial.run("success");
		const bytes = transcript?.() ?? readFileSync(join(trial.place.runDir, "stdout"));
		expect(bytes.length).toBeGreaterThan(0);
		expectSameWhereverCut(trial.runner, bytes);
		if (trial.subject.lastWord !== false) expectNoSuccessBeforeItsEnd(trial.runner, bytes);
	},
	async "crash after partial work"(trial) {
		const ran = await trial.run();
		expect(ran.outcome.status, said(ran)).toBe("error");
		expect(existsSync(join(trial.place.work, MADE)), "what it had written is there").toBe(true);
		expect(ran.outcome.diffFile).toBeNull();
	},
	async resume(trial) {
		const first = await trial.run("success");
		const { session } = first.outcome;
		expect(session).toEqual(expect.any(String));
		const second = await trial.run("success", {}, session ?? "");
		expect(second.outcome, said(second)).toMatchObject({ status: "ok", session });
		const { unknownSession = "00000000-0000-4000-8000-000000000000" } = trial.subject;
		if (unknownSession === null) return;
		const third = await trial.run("success", {}, unknownSession);
		expect(third.outcome.status, "a session that is not known is no success").toBe("error");
	},
};

/** A line of the program's own kind, which may mean no event: a session begins, the last word is said. */
function isRecord(text: string): boolean {
	try {
		const { type, status } = JSON.parse(text) as Readonly<Record<string, unknown>>;
		return typeof type === "string" && (type !== "result" || status !== undefined);
	} catch {
		return false;
	}
}

/** Two pieces at every byte, and each byte alone: the same events, and the same verdict of the same end. */
function expectSameWhereverCut(runner: Runner, bytes: Buffer): void {
	const read = (pieces: readonly Uint8Array[]) => JSON.stringify(readPieces(runner, pieces));
	const whole = read([bytes]);
	expect(read(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)))).toBe(whole);
	for (let at = 1; at < bytes.length; at++) {
		if (read([bytes.subarray(0, at), bytes.subarray(at)]) !== whole) {
			expect(read([bytes.subarray(0, at), bytes.subarray(at)]), `cut at byte ${at}`).toBe(whole);
		}
	}
}

/** A stream that breaks off, at the end of a line or within the last one, with an exit code that says nothing of it. */
function expectNoSuccessBeforeItsEnd(runner: Runner, bytes: Buffer): void {
	const end = bytes.toString("latin1").trimEnd().length;
	const lastLine = bytes.lastIndexOf("\n", end - 1) + 1;
	const ends = Array.from(bytes.subarray(0, end), (byte, at) => (byte === 0x0a || at >= lastLine ? at : -1));
	for (const at of ends.filter((found) => found >= 0)) {
		const { outcome } = readPieces(runner, [bytes.subarray(0, at)]);
		expect(outcome.status, `broken off at byte ${at} of ${end}`).toBe("error");
	}
	expect(readPieces(runner, [bytes.subarray(0, end)]).outcome.status).toBe("ok");
}

function readPieces(runner: Runner, pieces: readonly Uint8Array[]) {
	const seen = runner.begin();
	const events: RunnerEvent[] = [];
	const splitter = createLineSplitter(runner.capability.limits.lineBytes, (text, truncated) =>
		events.push(...runner.interpret(seen, "stdout", text, truncated)),
	);
	for (const piece of pieces) splitter.write(piece);
	splitter.end();
	return { events, outcome: runner.outcome(EXITED, seen) };
}
