// The contract of runners: what holds of every one of them, whatever program stands behind it. A runner joins by a row in
// subjects/; a case that cannot be with it is said with its reason, and the table of those is asserted.
// Invariant: no case passes because a runner did nothing.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { errorRow } from "../../src/core/errors.ts";
import { EVENT_TYPES } from "../../src/core/event.ts";
import { createLineSplitter } from "../../src/core/line-splitter.ts";
import type { Runner, RunnerEvent } from "../../src/runners/runner.ts";
import { temporaryFolder } from "../support/repo.ts";
import { EXITED } from "../support/runner-request.ts";
import { type CarriedOut, type Conditions, carryOut } from "./carry-out.ts";
import { CASES, type CaseName, MADE, type Place, type Subject } from "./subject.ts";

/** What is msgcode's own to say; a runner that says it would forge the run's history. */
const OWN_EVENTS = /^run\.(started|status|attempt_\w+|finished)$|^human_loop\.resolved$/;
const SHORT = /^[\w.:/@+ -]{0,80}$/;

export function describeRunner(subject: Subject): void {
	const { id, notApplicable } = subject;
	describe(id, () => {
		for (const name of CASES) {
			const reason = notApplicable[name];
			if (reason === undefined) test(name, { timeout: 60_000 }, () => CHECKS[name](new Trial(subject, name)));
			else test.skip(`${name}: not applicable, ${reason}`, () => {});
		}

		test("what is said not to apply is what its record says", () => {
			const { resume } = subject.runner().capability;
			expect(notApplicable.resume === undefined).toBe(resume.supported);
		});
	});
}

/** One case of one runner. */
class Trial {
	readonly subject: Subject;
	readonly name: CaseName;
	readonly runner: Runner;
	readonly place: Place;

	constructor(subject: Subject, name: CaseName) {
		this.subject = subject;
		this.name = name;
		this.runner = subject.runner();
		this.place = makePlace();
	}

	async run(name: CaseName = this.name, conditions: Conditions = {}, resume?: string): Promise<CarriedOut> {
		const way = await this.subject.way(name, this.place);
		const context = { ...way.context, ...(resume === undefined ? {} : { resume }) };
		const ran = await carryOut(this.subject, this.runner, this.place, { ...way, context }, conditions);
		expectHonest(ran, this.place);
		return ran;
	}

	expectWork({ outcome }: CarriedOut): void {
		const { work } = this.subject;
		if (work === "file") expect(existsSync(join(this.place.work, MADE)), `${MADE} is there`).toBe(true);
		if (work === "diff") {
			expect(outcome.diffFile).not.toBeNull();
			expect(readFileSync(join(this.place.runDir, outcome.diffFile ?? ""), "utf8")).toContain(`+++ b/${MADE}`);
		}
	}

	expectNoWork({ outcome }: CarriedOut): void {
		expect(existsSync(join(this.place.work, MADE)), `${MADE} is not there`).toBe(false);
		expect(outcome.diffFile).toBeNull();
	}
}

function makePlace(): Place {
	const folder = temporaryFolder("msgcode-contract-");
	const place = { work: join(folder, "work"), runDir: join(folder, "run"), home: join(folder, "home") };
	for (const path of Object.values(place)) mkdirSync(path);
	return place;
}

/** What holds of every end. */
function expectHonest({ plan, process, outcome, events, prompt }: CarriedOut, place: Place): void {
	const { status, errorCode, errorMessage, details, preview } = outcome;
	expect(errorCode === null, `${status} with ${errorCode}`).toBe(status === "ok");
	expect(errorMessage).toBe(errorCode === null ? null : errorRow(errorCode).means);
	for (const [key, fact] of Object.entries(details)) {
		const short = typeof fact !== "object" || fact === null || Array.isArray(fact);
		expect(short && (typeof fact !== "string" || SHORT.test(fact)), `details.${key} is a short fact`).toBe(true);
	}
	expect(preview.length).toBeLessThanOrEqual(2_000);
	expect(outcome.limit !== null).toBe(errorCode === "COOLDOWN");
	expect(process.left, "processes that are left").toBe(0);
	for (const { type } of events) {
		expect(EVENT_TYPES).toContain(type);
		expect(type).not.toMatch(OWN_EVENTS);
	}
	const recorded = plan.redactedArgv.join("\n");
	expect(recorded).not.toContain(prompt);
	for (const path of Object.values(place)) expect(recorded).not.toContain(path);
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

/** For the message of a failed expectation. */
function said({ outcome, process, heard }: CarriedOut): string {
	const last = heard.slice(-5).map(({ text }) => text.slice(0, 300));
	return JSON.stringify({ outcome, ended: process.outcome, exitCode: process.exitCode, last });
}

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
	const read = (pieces: readonly Uint8Array[]) => {
		const seen = runner.begin();
		const events: RunnerEvent[] = [];
		const splitter = createLineSplitter(runner.capability.limits.lineBytes, (text, truncated) =>
			events.push(...runner.interpret(seen, "stdout", text, truncated)),
		);
		for (const piece of pieces) splitter.write(piece);
		splitter.end();
		return JSON.stringify([events, runner.outcome(EXITED, seen)]);
	};
	const whole = read([bytes]);
	expect(read(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)))).toBe(whole);
	for (let at = 1; at < bytes.length; at++) {
		if (read([bytes.subarray(0, at), bytes.subarray(at)]) !== whole) {
			expect(read([bytes.subarray(0, at), bytes.subarray(at)]), `cut at byte ${at}`).toBe(whole);
		}
	}
}
