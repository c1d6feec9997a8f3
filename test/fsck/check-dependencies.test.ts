// What fsck says of tasks that depend on each other: each circle once, and chains of any length.
import { expect, test } from "vitest";
import { checkDependencies } from "../../src/fsck/check-dependencies.ts";
import type { Look } from "../../src/fsck/look.ts";

function findings(graph: Readonly<Record<string, readonly string[]>>) {
	const tasks = new Map(
		Object.entries(graph).map(([id, dependsOn]) => [
			id,
			{ id, record: null, definition: { dependsOn }, files: { definition: `tasks/${id}.md` } },
		]),
	);
	return checkDependencies({ snapshot: { tasks } } as unknown as Look).map(({ code, message }) => [code, message]);
}

test("each circle is told once, from its smallest id on; a way that meets another is none", () => {
	expect(findings({ a: ["b", "c"], b: ["d"], c: ["d"], d: [], e: ["g"], f: ["e"], g: ["f", "a"] })).toEqual([
		["dependency_cycle", "Tasks depend on each other in a circle: e → g → f → e."],
	]);
	expect(findings({ a: ["b"], b: ["a", "c"], c: ["b"], x: ["x"] }).map(([, message]) => message)).toEqual([
		"Tasks depend on each other in a circle: a → b → a.",
		"Tasks depend on each other in a circle: b → c → b.",
	]);
	expect(findings({ a: ["gone"] }).map(([code]) => code)).toEqual(["dependency_missing"]);
});

test("a chain longer than calls can be deep is gone through to its end", () => {
	const length = 20_000;
	const chain = Array.from({ length }, (_, at): [string, string[]] => [
		`t${at}`,
		at + 1 < length ? [`t${at + 1}`] : [],
	]);
	expect(findings(Object.fromEntries(chain))).toEqual([]);
	expect(findings({ ...Object.fromEntries(chain), [`t${length - 1}`]: [`t${length - 2}`] })).toHaveLength(1);
});
