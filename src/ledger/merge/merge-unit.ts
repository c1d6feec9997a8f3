// One key of the front matter, three-way: which side's lines count, or that a person has to choose.
// Invariant: a value that neither side wrote is never made, except that of a set; swapping the sides swaps nothing else.
import { isDeepStrictEqual } from "node:util";
import { commentsOfUnit, type Unit } from "../task/front-matter-units.ts";
import { commentsOf } from "../task/yaml.ts";
import { asSet, composeList } from "./merge-list.ts";
import { mergeSet } from "./merge-order.ts";
import { settled } from "./merge-sides.ts";

/** Lists whose elements have no order and are no commands. */
const SETS: ReadonlySet<string> = new Set(["labels", "dependsOn", "files"]);

export type Choice =
	/** The key is there with these lines, or (null) it is not. */
	| { readonly kind: "clean"; readonly own: string | null; readonly value: unknown }
	/** Both sides changed what it says; or, where they agree on that, what is noted beside it. */
	| { readonly kind: "conflict"; readonly agreed: { readonly present: boolean; readonly value: unknown } | null };

type MaybeUnit = Unit | undefined;

export function mergeUnit(base: MaybeUnit, ours: MaybeUnit, theirs: MaybeUnit, lineEnd: string): Choice {
	const known = settled(base, ours, theirs, (a, b) => a?.own === b?.own);
	if (known !== null) return clean(known.value);
	const changed = settled(base, ours, theirs, sameValue);
	if (changed !== null) return sameValue(ours, theirs) ? written(base, ours, theirs) : changedValue(base, ours, theirs);
	return mergedSet(base, ours, theirs, lineEnd) ?? { kind: "conflict", agreed: null };
}

/** Both say the same in different writing: the one with the changed comments, else a fixed one of the two. */
function written(base: MaybeUnit, ours: MaybeUnit, theirs: MaybeUnit): Choice {
	const [first, second] = [ours, theirs].sort((a, b) => (String(a?.own) < String(b?.own) ? -1 : 1));
	const choice = settled(base, first, second, sameComments);
	return choice === null ? { kind: "conflict", agreed: saying(first) } : clean(choice.value);
}

/** Only one side changed what the key says: its lines count, unless the other noted something beside the old ones. */
function changedValue(base: MaybeUnit, ours: MaybeUnit, theirs: MaybeUnit): Choice {
	const [changed, other] = sameValue(base, ours) ? [theirs, ours] : [ours, theirs];
	const noted = (unit: MaybeUnit) => (unit === undefined ? [] : commentsOfUnit(unit));
	const unnoted =
		changed === undefined
			? isDeepStrictEqual(noted(base), noted(other))
			: sameComments(base, other) || sameComments(changed, other);
	return unnoted ? clean(changed) : { kind: "conflict", agreed: saying(changed) };
}

function mergedSet(base: MaybeUnit, ours: MaybeUnit, theirs: MaybeUnit, lineEnd: string): Choice | null {
	const units = [ours, theirs].filter((unit) => unit !== undefined);
	if (!SETS.has((units[0] ?? base)?.key ?? "")) return null;
	const [before, left, right] = [base, ours, theirs].map((unit) => asSet(unit?.value));
	if (before == null || left == null || right == null) return null;
	const wanted = mergeSet(before, left, right);
	const own = composeList(units, wanted, lineEnd);
	return own === null
		? { kind: "conflict", agreed: { present: true, value: wanted } }
		: { kind: "clean", own, value: wanted };
}

function clean(unit: MaybeUnit): Choice {
	return { kind: "clean", own: unit?.own ?? null, value: unit?.value };
}

function saying(unit: MaybeUnit) {
	return { present: unit !== undefined, value: unit?.value };
}

function sameValue(a: MaybeUnit, b: MaybeUnit): boolean {
	return (a === undefined) === (b === undefined) && isDeepStrictEqual(a?.value, b?.value);
}

function sameComments(a: MaybeUnit, b: MaybeUnit): boolean {
	return isDeepStrictEqual(commentsOf(a?.own ?? ""), commentsOf(b?.own ?? ""));
}
