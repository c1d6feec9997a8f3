// The contract of runners: what holds of every one of them, whatever program stands behind it. A runner joins by a row in
// subjects/; a case that cannot be with it is said with its reason, and the table of those is asserted.
import { describe, expect, test } from "vitest";
import { checkCase } from "./checks.ts";
import { CASES, type Subject } from "./subject.ts";

export function describeRunner(subject: Subject): void {
	const { id, notApplicable } = subject;
	describe(id, () => {
		for (const name of CASES) {
			const reason = notApplicable[name];
			if (reason === undefined) test(name, { timeout: 60_000 }, () => checkCase(subject, name));
			else test.skip(`${name}: not applicable, ${reason}`, () => {});
		}

		test("what is said not to apply is what its record says", () => {
			const { resume } = subject.runner().capability;
			expect(notApplicable.resume === undefined).toBe(resume.supported);
		});
	});
}
