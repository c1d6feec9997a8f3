// A task's Markdown file of two branches as one: front matter by key, the body by text.
// Invariant: what git's own text merge gives is taken where it says the same; else the result is made of the sides' own
// lines, and it is read back before it counts.
import { isDeepStrictEqual } from "node:util";
import { parseDocument } from "../task/document.ts";
import { type FencedText, joinFences, splitFences } from "../task/fence.ts";
import { splitUnits, type Units } from "../task/front-matter-units.ts";
import { mergeMatter } from "./merge-matter.ts";
import { conflictHunk, type Merged, type MergeText, mergeEvenly, type Sides, settled } from "./merge-sides.ts";

/** The parts that cannot be told apart any further: what a conflict is called that concerns all of one. */
const WHOLE_FILE = "file";
const FRONT_MATTER = "front matter";
const BODY = "prompt";

interface Definition {
	readonly parts: FencedText;
	readonly units: Units;
}

export async function mergeDefinition(sides: Sides, mergeText: MergeText): Promise<Merged> {
	const [base, ours, theirs] = [sides.base ?? "", sides.ours, sides.theirs].map(readDefinition);
	// What cannot be read by key is git's alone to merge.
	if (base == null || ours == null || theirs == null) {
		const text = await mergeEvenly(sides, mergeText);
		return { text: text.text, conflicts: text.clean ? [] : [WHOLE_FILE] };
	}
	const body = await mergeEvenly(
		{
			...sides,
			base: sides.base === null ? null : base.parts.body,
			ours: ours.parts.body,
			theirs: theirs.parts.body,
		},
		mergeText,
	);
	const matter = mergeMatter(sides, base.units, ours.units, theirs.units, ours.parts.lineEnd);
	const says = (result: string) => {
		const read = readDefinition(result);
		return read?.parts.body === body.text && isDeepStrictEqual(read.units.data, matter.data);
	};
	if (matter.data !== null && body.clean) {
		const text = await mergeEvenly(sides, mergeText);
		if (text.clean && says(text.text)) return { text: text.text, conflicts: [] };
	}
	const fences = fencesOf(base.parts, ours.parts, theirs.parts, matter.text !== "");
	const result = joinFences({ ...fences, matter: matter.text, body: body.text });
	const conflicts = [...matter.conflicts, ...(body.clean ? [] : [BODY])];
	if (matter.conflicts.length > 0 || says(result) || (!body.clean && fits(result, matter.data))) {
		return { text: result, conflicts };
	}
	// The lines of one side mean something else beside those of the other: a person has to choose.
	const whole = conflictHunk(sides, ours.parts.matter, theirs.parts.matter, ours.parts.lineEnd);
	return {
		text: joinFences({ ...fences, matter: whole, body: body.text }),
		conflicts: [FRONT_MATTER, ...(body.clean ? [] : [BODY])],
	};
}

function readDefinition(text: string): Definition | null {
	if (parseDocument(text, "").diagnostics.length > 0) return null;
	const parts = splitFences(text);
	const units = splitUnits(parts.matter);
	return units === null ? null : { parts, units };
}

/** Beside a body with conflict markers the front matter says what it should. */
function fits(result: string, data: unknown): boolean {
	return isDeepStrictEqual(splitUnits(splitFences(result).matter)?.data, data);
}

/** The lines around the front matter: those of the side that changed them, else a fixed choice. */
function fencesOf(base: FencedText, ours: FencedText, theirs: FencedText, needed: boolean) {
	const framed = (parts: FencedText) => JSON.stringify([parts.head, parts.close]);
	const candidates = [ours, theirs].filter((parts) => parts.hasFrontMatter || !needed);
	const [first = ours, second = first] = candidates.sort((a, b) => (framed(a) < framed(b) ? -1 : 1));
	const { head, close } = settled(base, first, second, (a, b) => framed(a) === framed(b))?.value ?? first;
	return { head, close };
}
