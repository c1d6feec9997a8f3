// The facts of a commit against what git's own pretty formats say of it, message by message.
import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { isoTime } from "../../../src/core/clock.ts";
import { commitFacts } from "../../../src/ledger/history/commit-facts.ts";
import { type Repo, repo } from "../../support/repo.ts";

const TASK = "tsk_0000000001";
const OTHER = "tsk_0000000002";
const RUN = "run_20260102T030405Z_1a2b3c4d";
const ID = "0123456789abcdef0123456789abcdef01234567";

/** Stores a raw commit and reads it back in both ways. */
function both(place: Repo, message: string | Buffer, header = "") {
	const tree = place.git("write-tree");
	const head = `tree ${tree}\nauthor A. N. Other <a@example.com> 1767225845 +0200\ncommitter C <c@example.com> 1767225900 +0000\n${header}\n`;
	const content = Buffer.concat([Buffer.from(head), Buffer.from(message)]);
	const oid = execFileSync("git", ["hash-object", "-t", "commit", "-w", "--stdin", "--literally"], {
		cwd: place.path,
		env: place.env,
		input: content,
	})
		.toString("utf8")
		.trim();
	const format = ["%T", "%at", "%ct", "%an", "%s", ...["Op", "Task", "Run", "Actor", "Undoes"].map(trailer)];
	const told = place.git("log", "-1", "--encoding=UTF-8", `--format=${format.join("%x00")}`, oid).split("\0");
	const [gitTree, at, ct, author, subject, ...trailers] = told;
	const [op, task, run, actor, undoes] = trailers.map((text) => (text === "" ? [] : text.split("\x1f")));
	return {
		mine: commitFacts(oid, content),
		gits: {
			tree: gitTree,
			atMs: Number(at) * 1000,
			committedAtMs: Number(ct) * 1000,
			author,
			subject,
			op: op?.[0] ?? null,
			taskIds: [...new Set(task)],
			runId: run?.[0] ?? null,
			actor: actor?.[0] ?? null,
			undoes: undoes?.[0] ?? null,
		},
	};
}

const trailer = (name: string) => `%(trailers:key=Msgcode-${name},valueonly,unfold,separator=%x1f)`;

const BLOCK = `Msgcode-Op: edit\nMsgcode-Task: ${TASK}\nMsgcode-Run: ${RUN}\nMsgcode-Actor: Ann\n`;

describe("commit facts", () => {
	test.each<[string, string]>([
		["a command's own", `task(${TASK}): priority\n\n${BLOCK}`],
		["an undo", `task(${TASK}): undo\n\nMsgcode-Op: undo\nMsgcode-Undoes: ${ID}\n`],
		["no trailers", "Renamed with plain git\n\nBecause.\n"],
		["a subject alone", "only this"],
		["trailers alone are the subject", BLOCK],
		["several tasks in one block", `squashed\n\nMsgcode-Op: edit\nMsgcode-Task: ${TASK}\nMsgcode-Task: ${OTHER}\n`],
		["several blocks: the last counts", `squashed\n\n${BLOCK}\n* more\n\nMsgcode-Op: close\nMsgcode-Task: ${OTHER}\n`],
		["text after the block", `edited\n\n${BLOCK}\nand then some words\n`],
		["indented by git merge --squash", `Squashed commit of the following:\n\n    task: x\n\n    Msgcode-Op: edit\n`],
		["a sign-off beside it", `edited\n\n${BLOCK}Signed-off-by: A <a@example.com>\n`],
		["a sign-off and other words", `edited\n\nsome words\n${BLOCK}Signed-off-by: A <a@example.com>\n`],
		["other words without a sign-off", `edited\n\nsome words\n${BLOCK}`],
		["a cherry-pick's line", `edited\n\n${BLOCK}(cherry picked from commit ${ID})\n`],
		["a value continued on the next line", "edited\n\nMsgcode-Op: edit\nMsgcode-Actor: Ann\n  of the north\n"],
		["names in other letters, spaces around the colon", "edited\n\nmsgcode-op : edit\nMSGCODE-ACTOR:Ann\n"],
		["a subject of two lines", `one\ntwo\n\n${BLOCK}`],
		["blank lines before and between", `\n\n  \none\n\n\n${BLOCK}\n\n`],
		["an empty message", ""],
		["a comment in the block", `edited\n\n# no\n${BLOCK}`],
	])("%s: as git reads it", async (_, message) => {
		const place = await repo({ files: { "a.txt": "a\n" } });
		const { mine, gits } = both(place, message);
		expect(mine).toMatchObject(gits);
	});

	test("another encoding, a signature in the header", async () => {
		const place = await repo({ files: { "a.txt": "a\n" } });
		const header =
			"encoding ISO-8859-1\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n author Eve <e> 1 +0000\n -----END PGP SIGNATURE-----\n";
		const { mine, gits } = both(place, Buffer.from("caf\u00e9\n\nMsgcode-Actor: Ren\u00e9e\n", "latin1"), header);
		expect(mine).toMatchObject(gits);
		expect(mine.actor).toBe("Ren\u00e9e");
	});

	test("parents, and what a plain revert says", () => {
		const content = `tree ${ID}\nparent ${ID}\nparent ${"f".repeat(40)}\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nRevert "x"\n\nThis reverts commit ${ID}.\n`;
		expect(commitFacts(ID, Buffer.from(content))).toMatchObject({
			parents: [ID, "f".repeat(40)],
			reverts: ID,
			undoes: null,
			op: null,
		});
	});

	test("a time that no calendar has is the nearest that one has", () => {
		const at = (seconds: string) => {
			const person = `A <a> ${seconds} +0000`;
			return commitFacts(ID, Buffer.from(`tree ${ID}\nauthor ${person}\ncommitter ${person}\n\nx\n`)).atMs;
		};
		expect(isoTime(at("99999999999999"))).toBe("9999-12-31T23:59:59.999Z");
		expect(isoTime(at("-99999999999999"))).toBe("0001-01-01T00:00:00.000Z");
		expect(at("-5")).toBe(-5000);
	});

	test("a revert that names what it reverts for people to read", async () => {
		const place = await repo({ files: { "a.txt": "a\n" } });
		place.write("b.txt", "b\n");
		const reverted = place.commitAll("more");
		place.git("-c", "revert.reference=true", "revert", "--no-edit", "HEAD");
		const { reverts } = commitFacts(ID, place.gitBytes("cat-file", "commit", "HEAD"));
		expect(reverts).toMatch(/^[0-9a-f]{7,39}$/);
		expect(reverted.startsWith(reverts as string)).toBe(true);
	});

	test("ids that are none are not taken for some; rubbish is no exception", () => {
		const message = "x\n\nMsgcode-Op: edit\nMsgcode-Task: ../../etc\nMsgcode-Run: run_1\nMsgcode-Undoes: HEAD\n";
		expect(commitFacts(ID, Buffer.from(`tree ${ID}\n\n${message}`))).toMatchObject({
			op: "edit",
			taskIds: [],
			runId: null,
			undoes: null,
			author: "",
			atMs: 0,
		});
		expect(commitFacts(ID, Buffer.from("\xff\xfe"))).toMatchObject({ parents: [], subject: "", op: null });
	});
});
