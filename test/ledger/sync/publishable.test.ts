// Which commits can be published below the user's own work, for branches of every form. Upstream's tip is "u".
import { expect, test } from "vitest";
import { publishableTips } from "../../../src/ledger/sync/publishable.ts";
import type { CommitKind, UnpushedCommit } from "../../../src/ledger/sync/unpushed.ts";

/** `a:ledger<u` is a ledger commit `a` on `u`; parents are separated by "+". */
function branch(...words: readonly string[]): UnpushedCommit[] {
	return words.map((word) => {
		const [, oid = "", kind = "", parents = ""] = /^(\w+):(\w+)<(.+)$/.exec(word) ?? [];
		return { oid, kind: kind as CommitKind, parents: parents.split("+"), subject: oid, changes: [] };
	});
}

test.each<[string, readonly string[], readonly string[]]>([
	["a straight line", ["a:ledger<u", "b:landing<a", "c:other<b", "d:ledger<c"], ["b", "a"]],
	["nothing below", ["a:other<u", "b:ledger<a"], []],
	["only the ledger's", ["a:ledger<u", "b:ledger<a"], ["b", "a"]],
	// The user merged the upstream into work that began before it: below the merge nothing descends from the upstream.
	["an upstream merged in above", ["a:ledger<old", "b:other<a", "m:merge<b+u", "c:ledger<m"], []],
	["an upstream merged into ledger work alone", ["a:ledger<old", "m:merge<a+u", "b:other<m"], ["m"]],
	["a side branch of the user's", ["a:ledger<u", "s:other<a", "m:merge<a+s", "b:ledger<m"], ["a"]],
	["a side branch of the ledger's", ["a:ledger<u", "s:ledger<a", "m:merge<a+s", "b:other<m"], ["m", "a"]],
])("%s", (_, words, tips) => {
	const commits = branch(...words);
	const found = publishableTips(commits, commits.at(-1)?.oid as string, "u");
	expect(found.map(({ tip }) => tip)).toEqual(tips);
	for (const { commits: published } of found) expect(published.every(({ kind }) => kind !== "other")).toBe(true);
});

test("what goes along with a tip is all that lies below it, and nothing else", () => {
	const commits = branch("a:ledger<u", "s:ledger<a", "m:merge<a+s", "b:other<m");
	const [first, second] = publishableTips(commits, "b", "u");
	expect(first?.commits.map(({ oid }) => oid)).toEqual(["a", "s", "m"]);
	expect(second?.commits.map(({ oid }) => oid)).toEqual(["a"]);
});
