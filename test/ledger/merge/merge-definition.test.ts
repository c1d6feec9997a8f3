// Task files of two branches by key. Each case is merged both ways and once more with its own result.
import { describe, expect, test } from "vitest";
import { type Merged, mergeLedgerFile } from "../../../src/ledger/merge/merge-task.ts";
import { parseTaskFile } from "../../../src/ledger/task/task-file.ts";
import { realMergeText } from "../../support/merge-text.ts";

const FILE = "tasks/tsk_0123456789.md";
const mergeText = realMergeText();

async function merge(base: string | null, ours: string, theirs: string): Promise<Merged> {
	const merged = await mergeLedgerFile(FILE, { base, ours, theirs }, mergeText);
	const swapped = await mergeLedgerFile(FILE, { base, ours: theirs, theirs: ours }, mergeText);
	expect(swapped.conflicts).toEqual(merged.conflicts);
	if (merged.conflicts.length === 0) {
		expect(swapped.text).toBe(merged.text);
		for (const side of [ours, theirs]) {
			const again = { base, ours: merged.text, theirs: side };
			expect(await mergeLedgerFile(FILE, again, mergeText)).toEqual(merged);
		}
	}
	return merged;
}

const task = (matter: string, body = "\nDo it.\n") => `---\n${matter}---\n${body}`;

describe("clean", () => {
	test.each<[string, string | null, string, string, string]>([
		[
			"keys on adjacent lines",
			"title: a\npriority: 1\n",
			"title: b\npriority: 1\n",
			"title: a\npriority: 2\n",
			"title: b\npriority: 2\n",
		],
		[
			"a key on one side in its own writing",
			"title: a # note\npriority: 1\n",
			"title: 'b'   # note\npriority: 1\n",
			"title: a # note\npriority:   2\n",
			"title: 'b'   # note\npriority:   2\n",
		],
		[
			"keys added at one place",
			"title: a\n\n",
			"title: a\n\ntimeout: 1m\n\n",
			"title: a\n\nassignee: ann\n\n",
			"title: a\n\nassignee: ann\n\ntimeout: 1m\n\n",
		],
		[
			"the same key added on both sides, and others",
			"title: a\n",
			"title: a\nx: 1\nb: 2\n",
			"title: a\na: 3\nx: 1\n",
			"title: a\na: 3\nx: 1\nb: 2\n",
		],
		[
			"a key removed here, its neighbour changed there",
			"title: a\npriority: 1\ntimeout: 1m\n",
			"title: a\ntimeout: 1m\n",
			"title: b\npriority: 1\ntimeout: 2m\n",
			"title: b\ntimeout: 2m\n",
		],
		[
			"the first key removed",
			"title: a\n\npriority: 1\n\nx: 1\n",
			"priority: 1\n\nx: 1\n",
			"title: a\n\npriority: 2\n\nx: 1\n",
			"priority: 2\n\nx: 1\n",
		],
		[
			"the same value in two writings",
			"title: a\npriority: 1\n",
			'title: "b"\npriority: 1\n',
			"title: 'b'\npriority: 1\n",
			'title: "b"\npriority: 1\n',
		],
		[
			"a comment above a key of one side",
			"title: a\npriority: 1\n",
			"title: a\n# why\npriority: 1\n",
			"title: b\npriority: 1\n",
			"title: b\n# why\npriority: 1\n",
		],
		[
			"comments of both sides above one key",
			"# old\ntitle: a\n",
			"# old\n# ann\ntitle: b\n",
			"# bob\n# old\ntitle: a\n",
			"# bob\n# old\n# ann\ntitle: b\n",
		],
		[
			"a commented key added on one side",
			"title: a\n",
			"title: b\n# why\ntimeout: 1m # soon\n",
			"title: a\nassignee: x\n",
			"title: b\nassignee: x\n# why\ntimeout: 1m # soon\n",
		],
		[
			"keys moved here, a value changed there",
			"a: 1\nb: 2\nc: 3\n",
			"c: 3\na: 1\nb: 2\n",
			"a: 1\nb: 5\nc: 3\n",
			"c: 3\na: 1\nb: 5\n",
		],
		[
			"labels in block style",
			"labels:\n  - a\n  - b\n",
			"labels:\n  - a\n  - b\n  - d # soon\n",
			'labels:\n  # first\n  - "c"\n  - b\n',
			'labels:\n  # first\n  - "c"\n  - b\n  - d # soon\n',
		],
		["labels in flow style", "labels: [a, b]\n", "labels: [a, b, d]\n", 'labels: ["c", b]\n', 'labels: ["c", b, d]\n'],
		["labels in two styles", "labels: []\n", "labels:\n- b\n", "labels: [a]\n", "labels:\n- a\n- b\n"],
		[
			"one label each, without brackets",
			"title: a\n",
			"title: a\nlabels: b\n",
			"title: a\nlabels: c\n",
			"title: a\nlabels: [b, c]\n",
		],
		["every label removed", "labels: [a, b]\n", "labels: [a]\n", "labels: [b]\n", "labels: []\n"],
		[
			"every label removed from a block",
			"labels: # some\n  - a\n  - b\n",
			"labels: # some\n  - a\n",
			"labels: # some\n  - b\n",
			"labels: [] # some\n",
		],
		[
			"labels dropped as a key, one added",
			"labels: [a]\nx: 1\n",
			"x: 1\n",
			"labels: [a, b]\nx: 1\n",
			"labels: [b]\nx: 1\n",
		],
		[
			"files and dependsOn",
			"files: [a]\ndependsOn: []\n",
			"files: [a, b]\ndependsOn: [tsk_0000000001]\n",
			"files: []\ndependsOn: [tsk_0000000000]\n",
			"files: [b]\ndependsOn: [tsk_0000000000, tsk_0000000001]\n",
		],
		[
			"text in several lines that keeps its blank lines",
			"a: |+\n  x\n\nb: 1\n",
			"a: |+\n  y\n\n\nb: 1\n",
			"a: |+\n  x\n\nb: 2\n",
			"a: |+\n  y\n\n\nb: 2\n",
		],
		[
			"checks changed on one side beside the runner's other side",
			"checks: [a]\nrunner: shell\n",
			"checks: [b]\nrunner: shell\n",
			"checks: [a]\nrunner: claude\n",
			"checks: [b]\nrunner: claude\n",
		],
		["born on both sides with other keys", null, "title: a\nx: 1\n", "title: a\ny: 1\n", "title: a\nx: 1\ny: 1\n"],
		[
			"a comment behind the last key on each side",
			"a: 1\n# end\n",
			"a: 1\n# end\n# ann\n",
			"a: 1\n# end\n# bob\n",
			"a: 1\n# end\n# ann\n# bob\n",
		],
	])("%s", async (_, base, ours, theirs, wanted) => {
		const merged = await merge(base === null ? null : task(base), task(ours), task(theirs));
		expect(merged).toEqual({ text: task(wanted), conflicts: [] });
	});

	test("text that keeps its blank lines owns them, whatever comes behind it", async () => {
		const merged = await merge(
			task("a: |+\n  x\n\nb: 1\n"),
			task("a: |+\n  y\n\n\nb: 1\n"),
			task("a: |+\n  x\n\nn: 2\nb: 1\n"),
		);
		expect(merged).toEqual({ text: task("a: |+\n  y\n\n\nn: 2\nb: 1\n"), conflicts: [] });
	});

	test("line endings of each key's own lines stay", async () => {
		const merged = await merge(
			task("title: a\npriority: 1\n"),
			task("title: b\npriority: 1\n").replaceAll("\n", "\r\n"),
			task("title: a\npriority: 2\n"),
		);
		expect(merged.conflicts).toEqual([]);
		expect(merged.text).toBe("---\r\ntitle: b\r\npriority: 2\n---\r\n\r\nDo it.\r\n");
	});

	test("front matter of one side, a body of the other", async () => {
		expect(await merge("Do it.\n", "---\ntitle: a\n---\nDo it.\n", "Do it now.\n")).toEqual({
			text: "---\ntitle: a\n---\nDo it now.\n",
			conflicts: [],
		});
	});

	test("what git merges the same way is taken as git merges it", async () => {
		const base = task("title: a\n\npriority: 1\n\n", "\none\n\ntwo\n\nthree\n");
		const ours = task("title: b\n\npriority: 1\n\n", "\none\n\ntwo\n\nTHREE\n");
		const theirs = task("title: a\n\npriority: 2\n\n", "\nONE\n\ntwo\n\nthree\n");
		expect((await merge(base, ours, theirs)).text).toBe((await mergeText({ base, ours, theirs })).text);
	});

	test("a comment in a list that git merges beside a new element", async () => {
		const merged = await merge(
			task("labels:\n  - a\n  - b\n  - c\n"),
			task("labels:\n  # the first\n  - a\n  - b\n  - c\n"),
			task("labels:\n  - a\n  - b\n  - c\n  - d\n"),
		);
		expect(merged).toEqual({ text: task("labels:\n  # the first\n  - a\n  - b\n  - c\n  - d\n"), conflicts: [] });
	});
});

describe("conflict", () => {
	test.each<[string, string | null, string, string, string[], string]>([
		[
			"one scalar",
			"title: a\npriority: 1\n",
			"title: b\npriority: 2\n",
			"title: c\npriority: 1\n",
			["title"],
			"<<<<<<< ours\ntitle: b\n=======\ntitle: c\n>>>>>>> theirs\npriority: 2\n",
		],
		[
			"a list of commands, even where the text would merge",
			"checks:\n  - a\n  - b\n  - c\n",
			"checks:\n  - x\n  - a\n  - b\n  - c\n",
			"checks:\n  - a\n  - b\n  - c\n  - y\n",
			["checks"],
			"<<<<<<< ours\nchecks:\n  - x\n  - a\n  - b\n  - c\n=======\nchecks:\n  - a\n  - b\n  - c\n  - y\n>>>>>>> theirs\n",
		],
		[
			"a runner, even where the text would merge",
			"runner:\n  kind: shell\n  args:\n    - a\n  shell: sh\n",
			"runner:\n  kind: exec\n  args:\n    - a\n  shell: sh\n",
			"runner:\n  kind: shell\n  args:\n    - a\n  shell: bash\n",
			["runner"],
			"<<<<<<< ours\nrunner:\n  kind: exec\n  args:\n    - a\n  shell: sh\n=======\nrunner:\n  kind: shell\n  args:\n    - a\n  shell: bash\n>>>>>>> theirs\n",
		],
		[
			"removed here, changed there, its comment with it",
			"title: a\n\n# why\ntimeout: 1m\n",
			"title: a\n",
			"title: a\n\n# why\ntimeout: 2m\n",
			["timeout"],
			"title: a\n\n<<<<<<< ours\n=======\n# why\ntimeout: 2m\n>>>>>>> theirs\n",
		],
		[
			"removed here, commented there",
			"title: a\ntimeout: 1m\n",
			"title: a\n",
			"title: a\ntimeout: 1m # no more\n",
			["timeout"],
			"title: a\n<<<<<<< ours\n=======\ntimeout: 1m # no more\n>>>>>>> theirs\n",
		],
		[
			"two comments beside one value",
			"title: a\n",
			"title: a # ann\n",
			"title: a # bob\n",
			["title"],
			"<<<<<<< ours\ntitle: a # ann\n=======\ntitle: a # bob\n>>>>>>> theirs\n",
		],
		[
			"a new value here, a comment beside the old one there",
			"title: a\n",
			"title: b\n",
			"title: a # final\n",
			["title"],
			"<<<<<<< ours\ntitle: b\n=======\ntitle: a # final\n>>>>>>> theirs\n",
		],
		[
			"a value added on both sides",
			"title: a\n",
			"title: a\ntimeout: 1m\n",
			"title: a\ntimeout: 2m\n",
			["timeout"],
			"title: a\n<<<<<<< ours\ntimeout: 1m\n=======\ntimeout: 2m\n>>>>>>> theirs\n",
		],
		[
			"labels that are no list of texts",
			"labels: [1]\n",
			"labels: [1, 2]\n",
			"labels: [3]\n",
			["labels"],
			"<<<<<<< ours\nlabels: [1, 2]\n=======\nlabels: [3]\n>>>>>>> theirs\n",
		],
	])("%s", async (_, base, ours, theirs, conflicts, wanted) => {
		const merged = await merge(base === null ? null : task(base), task(ours), task(theirs));
		expect(merged).toEqual({ text: task(wanted), conflicts });
	});

	test("in the body, beside a merged front matter", async () => {
		const merged = await merge(
			task("title: a\nx: 1\n", "one\n"),
			task("title: b\nx: 1\n", "two\n"),
			task("title: a\nx: 2\n", "three\n"),
		);
		expect(merged.conflicts).toEqual(["prompt"]);
		expect(merged.text).toBe(task("title: b\nx: 2\n", "<<<<<<< ours\ntwo\n=======\nthree\n>>>>>>> theirs\n"));
	});

	test("of the whole front matter, where the lines of one side mean something else beside the other's", async () => {
		const merged = await merge(task("a: 1\nb: 1\n"), task("  a: 1\n  b: 1\n"), task("a: 2\nb: 1\n"));
		const wanted = "<<<<<<< ours\n  a: 1\n  b: 1\n=======\na: 2\nb: 1\n>>>>>>> theirs\n";
		expect(merged).toEqual({ text: task(wanted), conflicts: ["front matter"] });
	});

	test("of a list whose comments would be lost", async () => {
		const merged = await merge(
			task("labels: [a]\n"),
			task("labels: [\n  a, # first\n  b\n]\n"),
			task("labels: [a, c]\n"),
		);
		expect(merged.conflicts).toEqual(["labels"]);
	});

	test("is a diagnostic of the task until it is mended", async () => {
		const { text } = await merge(task("title: a\n"), task("title: b\n"), task("title: c\n"));
		expect(parseTaskFile(text, FILE).diagnostics.map(({ code }) => code)).toEqual(["conflict_markers"]);
	});

	test("with the labels and the marker size that were asked for", async () => {
		const sides = {
			base: task("title: a\n", "one\n"),
			ours: task("title: b\n", "two\n"),
			theirs: task("title: c\n", "three\n"),
		};
		const merged = await mergeLedgerFile(
			FILE,
			{ ...sides, markerSize: 10, labels: { ours: "HEAD", theirs: "topic/x" } },
			mergeText,
		);
		expect(merged.text.match(/^<{10} HEAD$/gm)).toHaveLength(2);
		expect(merged.text.match(/^={10}$/gm)).toHaveLength(2);
		expect(merged.text.match(/^>{10} topic\/x$/gm)).toHaveLength(2);
	});
});

describe("what cannot be read by key is merged as git merges text", () => {
	const good = task("title: a\n\nx: 1\n\ny: 2\n");
	test.each([
		["broken YAML", task("title: [a\n\nx: 1\n\ny: 2\n")],
		["one { … } map", task("{title: a,\n\nx: 1,\n\ny: 2}\n")],
		["markers that were left", task("<<<<<<< a\ntitle: a\n=======\ntitle: b\n>>>>>>> b\n\nx: 1\n\ny: 2\n")],
		["front matter that never ends", "---\ntitle: b\n\nx: 1\n\ny: 2\n"],
	])("%s", async (_, ours) => {
		const theirs = good.replace("y: 2", "y: 3");
		const text = await mergeText({ base: good, ours, theirs });
		const merged = await merge(good, ours, theirs);
		expect(merged).toEqual({ text: text.text, conflicts: text.clean ? [] : ["file"] });
	});

	test("a NUL byte: ours stays, and it is a conflict", async () => {
		const ours = task("title: a\0\n");
		expect(await mergeLedgerFile(FILE, { base: good, ours, theirs: task("title: b\n") }, mergeText)).toEqual({
			text: ours,
			conflicts: ["file"],
		});
	});
});
