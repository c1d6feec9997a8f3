// The flags of a task's runner, and flags beside --from.
import { describe, expect, test } from "vitest";
import { repo } from "../support/repo.ts";

const runnerOf = (text: string) => /^runner:\n((?: .*\n)*)/m.exec(text)?.[1] ?? "";

describe("a task's runner", () => {
	test("takes all its wishes from flags, and keeps them when another one changes", async () => {
		const place = await repo({ ledger: true });
		const wishes = ["--permission", "read-only", "--session", "main", "--max-turns", "9", "--idle-timeout", "10m"];
		const more = ["--mode", "diff", "--wait-for-reply", "90s"];
		const { id } = (await place.msgcode("task", "add", "X", "--runner", "claude", ...wishes, ...more, "--json")).json()
			.data;
		const before = runnerOf(place.read(`tasks/${id}.md`));
		for (const line of ["permission: read-only", "session: main", "maxTurns: 9", "idleTimeout: 10m", "mode: diff"]) {
			expect(before).toContain(line);
		}
		expect((await place.msgcode("task", "edit", id, "--model", "opus")).exitCode).toBe(0);
		const after = runnerOf(place.read(`tasks/${id}.md`));
		expect(after.split("\n").sort()).toEqual([...before.split("\n"), "  model: opus"].sort());
	});

	test.each([
		["--permission", "everything"],
		["--session", "mine"],
		["--max-turns", "0"],
		["--max-turns", "many"],
		["--idle-timeout", "soon"],
	])("refuses %s %s", async (...flag) => {
		const place = await repo({ ledger: true });
		const refused = await place.msgcode("task", "add", "X", "--runner", "claude", ...flag, "--json");
		expect([refused.exitCode, refused.json().error.code]).toEqual([2, "input_invalid"]);
	});
});

describe("--from", () => {
	const TEXT = "---\n# mine\ntitle:   Theirs\nrunner: {kind: claude, idleTimeout: 10m}\nodd: [1,2]\n---\nBody.\n";

	test("takes flags beside it, and leaves the rest of the file byte for byte", async () => {
		const place = await repo({ files: { "note.md": TEXT }, ledger: true });
		const line = ["task", "add", "Ours", "--from", "note.md", "--priority", "8", "--route", "tmux:g", "--json"];
		const { id } = (await place.msgcode(...line)).json().data;
		const text = place.read(`tasks/${id}.md`);
		for (const part of ["# mine\n", "title:   Ours\n", "odd: [1,2]\n", "priority: 8\n", "\n---\nBody.\n"])
			expect(text).toContain(part);
		const task = (await place.msgcode("task", "show", id, "--json")).json().data;
		expect(task.route).toMatchObject({ channel: "tmux", target: "g" });
		const plain = (await place.msgcode("task", "add", "--from", "note.md", "--json")).json().data;
		expect(place.read(`tasks/${plain.id}.md`)).toBe(TEXT);
	});

	test("and what gives a text of its own exclude each other", async () => {
		const place = await repo({ files: { "note.md": TEXT }, ledger: true });
		for (const other of [
			["--template", "docs"],
			["--prompt", "x"],
			["--prompt-file", "note.md"],
		]) {
			const refused = await place.msgcode("task", "add", "--from", "note.md", ...other, "--json");
			expect(refused.json().error).toMatchObject({ code: "usage", message: expect.stringContaining(other[0] ?? "") });
		}
	});
});
