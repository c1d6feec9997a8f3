// Histories as tests of vitest: a template that is made once, a number of histories of each kind.
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtProgram, removeTemplate, type Template } from "./clone.ts";
import { noHistories, template } from "./history.ts";
import { KINDS, type KindName } from "./kinds.ts";
import { playAll, propertySettings } from "./property.ts";

const MEANING: Readonly<Record<KindName, string>> = {
	two: "two clones: the same whichever side merges, nothing lost, nothing grafted, and again changes nothing",
	running: "two clones whose runs are real ones",
	several: "three or four clones that merge in any order end with the same ledger",
};

export function histories(options: {
	readonly driver: boolean;
	readonly counts: Readonly<Record<KindName, number>>;
}): void {
	const { driver } = options;
	let shared: Template;
	beforeAll(async () => {
		shared = await template(driver, builtProgram());
	});
	afterAll(() => removeTemplate(shared));

	for (const name of Object.keys(KINDS) as KindName[]) {
		const settings = propertySettings(
			process.env,
			options.counts[name],
			`${name}, ${driver ? "with" : "without"} driver`,
		);
		test(`${name} (${settings.runs}, seed ${settings.seed}): ${MEANING[name]}`, { timeout: 400_000 }, async () => {
			const figures = noHistories();
			const kind = KINDS[name];
			await playAll(kind.scripts, settings, (script) =>
				kind.play({ template: shared, driver, figures, keep: settings.keep }, script),
			);
			if (settings.path === undefined) expect(figures.histories).toBe(settings.runs);
		});
	}
}
