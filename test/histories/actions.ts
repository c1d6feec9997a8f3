// What a person may do in one clone, as data: a history is a list of such steps, and fast-check can shorten it. Numbers say
// "which one" among what is there when the step comes; a step that is not possible then is left out.
import fc from "fast-check";

/** Keys that `task edit` or a hand changes; the value is made from the step's own word. */
export const EDITED_KEYS = [
	"title",
	"priority",
	"labels",
	"assignee",
	"convoy",
	"dependsOn",
	"runIf",
	"deferUntil",
	"runner",
	"files",
	"checks",
	"timeout",
	"limits",
	"notify",
	"sensitive",
	"with",
	"x-note",
] as const;

export type EditedKey = (typeof EDITED_KEYS)[number];

/** How a task's file is laid out when it is born. */
export const LAYOUTS = ["as msgcode writes it", "by hand, without gaps", "CRLF", "with comments"] as const;

export type Layout = (typeof LAYOUTS)[number];

export type Action =
	| { readonly kind: "add"; readonly layout: Layout }
	| { readonly kind: "edit"; readonly task: number; readonly keys: readonly EditedKey[] }
	| { readonly kind: "drop"; readonly task: number; readonly key: EditedKey }
	/** A part of the prompt gets new words; the last part grows. */
	| { readonly kind: "body"; readonly task: number; readonly part: number }
	| { readonly kind: "hand"; readonly task: number; readonly how: HandEdit; readonly by: "git" | "msgcode" }
	| { readonly kind: "close"; readonly task: number; readonly as: "done" | "canceled" }
	| { readonly kind: "reopen"; readonly task: number }
	| { readonly kind: "block"; readonly task: number }
	| { readonly kind: "unblock"; readonly task: number }
	| { readonly kind: "remove"; readonly task: number }
	| { readonly kind: "run"; readonly task: number; readonly changes: boolean; readonly ok: boolean }
	| { readonly kind: "land"; readonly task: number }
	| { readonly kind: "reject"; readonly task: number }
	/** Closed and removed tasks of the clone leave the live folder: one, or all. */
	| { readonly kind: "archive"; readonly task: number; readonly all: boolean }
	/** The older lines of runs.jsonl go to the archive, as they do at 1 MiB. */
	| { readonly kind: "rotate" }
	/** The clone's last command, or the one before it, is taken back. */
	| { readonly kind: "undo" }
	| { readonly kind: "code" }
	| { readonly kind: "merge"; readonly from: number; readonly take: Side };

export type Side = "ours" | "theirs";

export const HAND_EDITS = [
	"value",
	"comment",
	"comment behind a value",
	"unknown key",
	"two keys",
	"other order",
	"other quotes",
	"body",
] as const;

export type HandEdit = (typeof HAND_EDITS)[number];

export interface Step {
	/** Which clone. */
	readonly by: number;
	readonly action: Action;
}

export interface Script {
	readonly clones: number;
	readonly steps: readonly Step[];
	/** What the clones do at the end to get together: any order, until all have all. */
	readonly order: readonly { readonly into: number; readonly from: number; readonly take: Side }[];
}

/** The first tasks more often: histories in which nobody meets anybody tell nothing. */
const which = fc.oneof({ weight: 2, arbitrary: fc.nat({ max: 1 }) }, { weight: 1, arbitrary: fc.nat({ max: 7 }) });
const side = fc.constantFrom<Side>("ours", "theirs");
const key = fc.constantFrom(...EDITED_KEYS);

function of<K extends Action["kind"]>(
	kind: K,
	fields: { [F in keyof Omit<Extract<Action, { kind: K }>, "kind">]: fc.Arbitrary<Extract<Action, { kind: K }>[F]> },
): fc.Arbitrary<Action> {
	return fc.record({ kind: fc.constant(kind), ...fields }) as unknown as fc.Arbitrary<Action>;
}

const WORK: readonly { readonly weight: number; readonly arbitrary: fc.Arbitrary<Action> }[] = [
	{ weight: 2, arbitrary: of("add", { layout: fc.constantFrom(...LAYOUTS) }) },
	{ weight: 7, arbitrary: of("edit", { task: which, keys: fc.uniqueArray(key, { minLength: 1, maxLength: 3 }) }) },
	{ weight: 1, arbitrary: of("drop", { task: which, key }) },
	{ weight: 3, arbitrary: of("body", { task: which, part: fc.nat({ max: 4 }) }) },
	{
		weight: 4,
		arbitrary: of("hand", {
			task: which,
			how: fc.constantFrom(...HAND_EDITS),
			by: fc.constantFrom("git" as const, "msgcode" as const),
		}),
	},
	{ weight: 2, arbitrary: of("close", { task: which, as: fc.constantFrom("done" as const, "canceled" as const) }) },
	{ weight: 2, arbitrary: of("reopen", { task: which }) },
	{ weight: 2, arbitrary: of("block", { task: which }) },
	{ weight: 1, arbitrary: of("unblock", { task: which }) },
	{ weight: 1, arbitrary: of("remove", { task: which }) },
	{ weight: 3, arbitrary: of("run", { task: which, changes: fc.boolean(), ok: fc.boolean() }) },
	{ weight: 1, arbitrary: of("land", { task: which }) },
	{ weight: 1, arbitrary: of("reject", { task: which }) },
	{ weight: 2, arbitrary: of("archive", { task: which, all: fc.boolean() }) },
	{ weight: 1, arbitrary: of("rotate", {}) },
	{ weight: 2, arbitrary: of("undo", {}) },
	{ weight: 1, arbitrary: of("code", {}) },
];

const MERGE = (clones: number) => of("merge", { from: fc.nat({ max: clones - 1 }), take: side });

/** Histories of so many clones with so many steps; clones merge from each other now and then, and at the end. */
export function scripts(options: {
	readonly clones: readonly [number, number];
	readonly steps: readonly [number, number];
	/** How often a step is a merge, against a weight of about 40 for all else. */
	readonly merges: number;
}): fc.Arbitrary<Script> {
	const [fewest, most] = options.clones;
	return fc.integer({ min: fewest, max: most }).chain((clones) => {
		const by = fc.nat({ max: clones - 1 });
		const action = fc.oneof(...WORK, { weight: options.merges, arbitrary: MERGE(clones) });
		return fc.record({
			clones: fc.constant(clones),
			steps: fc.array(fc.record({ by, action }), {
				minLength: options.steps[0],
				maxLength: options.steps[1],
				size: "max",
			}),
			order: fc.array(fc.record({ into: by, from: by, take: side }), { maxLength: clones * 2, size: "max" }),
		});
	});
}
