// One case of one runner: its places, its attempt, and what holds of every end of one.
// Invariant: no attempt is looked at before it was found honest.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { errorRow } from "../../src/core/errors.ts";
import { EVENT_TYPES } from "../../src/core/event.ts";
import type { Runner } from "../../src/runners/runner.ts";
import { temporaryFolder } from "../support/repo.ts";
import { type CarriedOut, type Conditions, carryOut } from "./carry-out.ts";
import { type CaseName, MADE, type Place, type Subject } from "./subject.ts";

/** What is msgcode's own to say; a runner that says it would forge the run's history. */
const OWN_EVENTS = /^run\.(started|status|attempt_\w+|finished)$|^human_loop\.resolved$/;
const SHORT = /^[\w.:/@+ -]{0,80}$/;

/** One case of one runner. */
export class Trial {
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
export function expectHonest({ plan, process, outcome, events, prompt }: CarriedOut, place: Place): void {
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

/** For the message of a failed expectation. */
export function said({ outcome, process, heard }: CarriedOut): string {
	const last = heard.slice(-5).map(({ text }) => text.slice(0, 300));
	return JSON.stringify({ outcome, ended: process.outcome, exitCode: process.exitCode, last });
}
