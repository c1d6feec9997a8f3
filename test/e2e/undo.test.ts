// Undo of every kind of command, and undo of that: the state before, byte for byte or field by field, and nothing of the
// user's touched. The table is held against the operations that the sources write.
import { describe, expect, test } from "vitest";
import { isLedgerPath } from "../../src/ledger/paths.ts";
import { OPERATIONS } from "../../src/ledger/undo/operations.ts";
import {
	type OperationScene,
	operationOf,
	operationScene,
	operations,
	operationsInSources,
	USERS_STATUS,
} from "../support/operations.ts";

const REFUSED: Readonly<Record<string, RegExp>> = {
	run: /the run happened/,
	"allow-secret": /history keeps/,
	init: /made this folder a workspace/,
};
/** Their files stay: what was born is marked as removed. */
const BIRTHS = new Set(["add", "adopt"]);
/** Changes of files, not of fields of a task. */
const AS_FILES = new Set(["fix", "edit-by-hand of a template"]);
const WITH_CODE = new Set(["apply", "rollback of a landing", "undo of a landing"]);

/** Every ledger file's mode, content and path; a year of the archive keeps its two empty files whatever is undone. */
const tasksTree = ({ made }: OperationScene, commit = "HEAD") =>
	made
		.git("ls-tree", "-r", commit, "tasks/")
		.split("\n")
		.filter((line) => !line.endsWith("/.gitkeep"))
		.join("\n");
const trailer = ({ made }: OperationScene, name: string) =>
	made.git("log", "-1", `--format=%(trailers:key=Msgcode-${name},valueonly,separator=%x2C)`);

async function made(
	name: string,
): Promise<{ scene: OperationScene; before: string; commit: string; born: string | undefined }> {
	const scene = await operationScene();
	const operation = operations[name];
	if (operation === undefined) throw new Error(`no operation ${name}`);
	if (name === "init")
		return {
			scene,
			before: "",
			commit: scene.made.git("rev-list", "HEAD").split("\n").at(-2) as string,
			born: undefined,
		};
	await operation.before?.(scene);
	const before = scene.commit();
	const made = await operation.make(scene);
	const born = typeof made === "string" ? made : undefined;
	// The adoption comes with a run behind it.
	const commit = name === "adopt" ? scene.made.git("rev-parse", "HEAD~1") : scene.commit();
	expect(scene.made.git("log", "-1", "--format=%(trailers:key=Msgcode-Op,valueonly,separator=%x2C)", commit)).toBe(
		operationOf(name),
	);
	expect(scene.made.git("rev-parse", `${commit}~1`)).toBe(before);
	return { scene, before, commit, born };
}

test("the table knows every operation that the sources write, and no other", () => {
	const known = [...new Set(Object.keys(operations).map(operationOf))].sort();
	expect(known).toEqual(operationsInSources());
	expect(Object.keys(OPERATIONS).sort()).toEqual(known);
});

describe("undo", () => {
	const undoable = Object.keys(operations).filter((name) => REFUSED[name] === undefined);
	test.each(undoable)("of %s brings the state before back, and undo of that the state after", async (name) => {
		const { scene, before, commit, born } = await made(name);
		const { made: place, run } = scene;
		const after = scene.commit();
		const code = place.git("show", `${before}:code.txt`);
		const codeAfter = place.git("show", `${after}:code.txt`);

		const dry = await run("undo", "--op", commit, "--dry-run");
		expect(dry.undone.commit).toBe(commit);
		expect(scene.commit()).toBe(after);

		const undone = await run("undo", "--op", commit);
		expect(undone.undone).toMatchObject({ commit, op: operationOf(name) });
		const fields = ({ changes }: { changes: { field: string }[] }) => changes.map(({ field }) => field);
		expect(undone.tasks.map(fields)).toEqual(dry.tasks.map(fields));
		expect(trailer(scene, "Op")).toBe("undo");
		expect(trailer(scene, "Undoes")).toBe(commit);
		expect(trailer(scene, "Actor")).toBe("Test Person");
		expect(place.git("status", "--porcelain")).toBe(USERS_STATUS);
		const changed = place.git("diff", "--name-only", "HEAD~1", "HEAD").split("\n");
		const ofCode = changed.filter((path) => !isLedgerPath(path));
		expect(ofCode.sort()).toEqual(WITH_CODE.has(name) ? ["code.txt", "new.txt"] : []);
		if (BIRTHS.has(name)) {
			expect(changed).toEqual([`tasks/${born}.json`]);
			const shown = await run("task", "show", born as string);
			expect(shown.removed.reason).toContain("undone: ");
			expect(undone.tasks).toMatchObject([{ id: born, changes: [{ field: "removed", from: null }] }]);
		} else {
			expect(tasksTree(scene)).toBe(tasksTree(scene, before));
			expect(place.git("show", "HEAD:code.txt")).toBe(code);
			expect(place.read("code.txt")).toBe(`${code}\n`);
			expect(undone.tasks).toHaveLength(AS_FILES.has(name) ? 0 : 1);
			if (!AS_FILES.has(name)) expect(undone.tasks[0].changes).not.toEqual([]);
		}
		expect((await place.msgcode("doctor")).exitCode).toBe(0);

		const redone = await run("undo");
		expect(redone.undone.op).toBe("undo");
		expect(tasksTree(scene)).toBe(tasksTree(scene, after));
		expect(place.git("show", "HEAD:code.txt")).toBe(codeAfter);
		expect(place.git("status", "--porcelain")).toBe(USERS_STATUS);
		expect((await place.msgcode("doctor")).exitCode).toBe(0);
		const fsck = await place.msgcode("fsck", "--json");
		expect(fsck.exitCode, fsck.stdout).toBe(0);
	});

	test.each(Object.keys(REFUSED))("of %s is refused, with the way out, and changes nothing", async (name) => {
		const { scene, commit } = await made(name);
		const head = scene.commit();
		const result = await scene.made.msgcode("undo", "--op", commit, "--json");
		expect(result.exitCode).toBe(4);
		expect(result.json().error).toMatchObject({
			code: "undo_refused",
			message: expect.stringMatching(REFUSED[name] as RegExp),
		});
		expect(result.json().error.hint).toMatch(/msgcode|git revert/);
		expect(scene.commit()).toBe(head);
		expect(scene.made.git("status", "--porcelain")).toBe(USERS_STATUS);
	});
});
