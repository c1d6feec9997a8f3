// The soak's part about merging: random histories of clones (test/histories), of every kind, with the merge driver and without.
import { removeTemplate } from "../histories/clone.ts";
import { type HistoryFigures, noHistories, template } from "../histories/history.ts";
import { KINDS, type KindName } from "../histories/kinds.ts";
import { playAll } from "../histories/property.ts";
import type { Random } from "./random.ts";

/** Histories of one kind in a row, from one seed. */
const BATCH = 10;
/** How often each kind's turn comes. */
const TURNS: readonly KindName[] = ["two", "several", "two", "several", "two", "running"];

export interface MergeFigures extends HistoryFigures {
	readonly findings: string[];
}

export function noMerges(): MergeFigures {
	return { ...noHistories(), findings: [] };
}

export interface HistorySoakOptions {
	readonly histories: number;
	/** performance.now() after which no further batch begins. */
	readonly deadline: number;
	readonly random: Random;
	/** The built program, which the driver runs. */
	readonly main: string;
	readonly figures: MergeFigures;
	readonly onProgress: () => void;
}

/** Plays the histories; stops at the first finding, which says by which test and seed it is replayed. */
export async function soakHistories(options: HistorySoakOptions): Promise<void> {
	const { figures, random } = options;
	const templates = { with: await template(true, options.main), without: await template(false, options.main) };
	try {
		for (let turn = 0; figures.histories < options.histories; turn += 1) {
			if (performance.now() >= options.deadline || figures.findings.length > 0) return;
			const name = TURNS[(turn >> 1) % TURNS.length] as KindName;
			const driver = turn % 2 === 0;
			const how = driver ? "with" : "without";
			const runs = Math.min(name === "running" ? 2 : BATCH, options.histories - figures.histories);
			const settings = { runs, seed: random.below(2 ** 31), path: undefined, keep: false };
			const kind = KINDS[name];
			await playAll(kind.scripts, settings, (script) =>
				kind.play({ template: templates[how], driver, figures }, script),
			).catch((error: Error) => {
				const file = `test/e2e/merge-${how}-driver.test.ts -t '^${name}'`;
				figures.findings.push(`${error.message}\nIt is replayed by: npx vitest run --project e2e ${file}`);
			});
			options.onProgress();
		}
	} finally {
		removeTemplate(templates.with);
		removeTemplate(templates.without);
	}
}
