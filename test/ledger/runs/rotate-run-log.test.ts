// runs.jsonl is cut when it is large: every line stays readable, none is archived twice, and nothing that is not a run
// record moves.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROTATE_BYTES, runLogWrites } from "../../../src/ledger/runs/rotate-run-log.ts";
import { readRunLog } from "../../../src/ledger/runs/runs.ts";
import { temporaryFolder } from "../../support/repo.ts";

const ID = "tsk_0000000001";
const runId = (number: number) => `run_20260101T000000Z_${number.toString(16).padStart(8, "0")}`;
const lineOf = (number: number, more: object = {}) => {
	const ts = new Date(Date.UTC(2025, 11, 31, 23, 0, 0) + number * 1000).toISOString();
	return JSON.stringify({
		ts,
		runId: runId(number),
		taskId: ID,
		status: "ok",
		durationMs: 1,
		padding: "x".repeat(400),
		...more,
	});
};
const linesOf = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => lineOf(from + at));
const text = (lines: readonly string[]) => Buffer.from(lines.map((line) => `${line}\n`).join(""));
/** About 1.06 MiB. */
const MANY = linesOf(0, 2_000);

function apply(root: string, log: Buffer | null, line: string) {
	const writes = runLogWrites(root, log, line);
	for (const { path, content } of writes) {
		mkdirSync(dirname(join(root, path)), { recursive: true });
		writeFileSync(join(root, path), content ?? "");
	}
	const [current, ...others] = writes;
	const keeps = ({ path }: { path: string }) => path.endsWith("/.gitkeep");
	return {
		current: String(current?.content),
		rotated: others.filter((write) => !keeps(write)).map(({ path, content }) => ({ path, content: String(content) })),
		keepers: others.filter(keeps).map(({ path }) => path),
	};
}
const idsIn = (root: string) =>
	readRunLog(root)
		.lines.map((line) => line.runId)
		.sort();

describe("a run's line", () => {
	test("is appended while the file is short", () => {
		const root = temporaryFolder();
		expect(apply(root, null, lineOf(1))).toEqual({ current: `${lineOf(1)}\n`, rotated: [], keepers: [] });
		const log = text(linesOf(0, 1_500));
		expect(log.length).toBeLessThan(ROTATE_BYTES);
		expect(apply(root, log, lineOf(9_999))).toEqual({
			current: `${log}${lineOf(9_999)}\n`,
			rotated: [],
			keepers: [],
		});
	});

	test("starts a new file when the old one is long; the others move to the year of the newest, named by their content", () => {
		const root = temporaryFolder();
		const recent = lineOf(4_000); // in 2026
		const { current, rotated, keepers } = apply(root, text([...MANY, recent]), lineOf(5_000));
		const content = String(text([...MANY, recent]));
		const digest = createHash("sha256").update(content).digest("hex");
		expect(current).toBe(`${lineOf(5_000)}\n`);
		expect(rotated).toEqual([{ path: `tasks/archive/2026/runs-${digest.slice(0, 16)}.jsonl`, content }]);
		// The year's folder keeps what an archived task's folder has, or emptying it on a branch would look like a renamed folder.
		expect(keepers).toHaveLength(2);
		expect(keepers.every((path) => path.startsWith("tasks/archive/2026/"))).toBe(true);
		expect(idsIn(root)).toHaveLength(2_002);
		expect(readRunLog(root, ID).lines).toHaveLength(2_002);
		expect(readRunLog(root, "tsk_0000000002").lines).toHaveLength(0);
	});

	test("of a year with more digits takes none of the others to where nobody reads", () => {
		const root = temporaryFolder();
		const far = lineOf(2_001, { ts: "+010000-01-01T00:00:00Z" });
		const { rotated } = apply(root, text([...MANY, far]), lineOf(2_002));
		expect(rotated[0]?.path).toMatch(/^tasks\/archive\/9999\//);
		expect(readRunLog(root).lines).toHaveLength(2_002);
	});

	test("finds lines that a union merge brought back, and does not archive them again", () => {
		const root = temporaryFolder();
		apply(root, text(MANY), lineOf(5_000));
		const theirs = lineOf(6_000);
		const merged = text([lineOf(5_000), ...MANY, theirs]);
		const { current, rotated } = apply(root, merged, lineOf(7_000));
		expect(current).toBe(`${lineOf(7_000)}\n`);
		expect(rotated.map(({ content }) => content)).toEqual([`${lineOf(5_000)}\n${theirs}\n`]);
		expect(idsIn(root)).toEqual([...new Set(idsIn(root))]);
		expect(idsIn(root)).toHaveLength(2_003);
		// Nothing new at all: the file is only cut.
		expect(apply(root, text(MANY), lineOf(8_000))).toEqual({
			current: `${lineOf(8_000)}\n`,
			rotated: [],
			keepers: [],
		});
	});

	test("leaves what is no run record where it is, with the diagnostic that it has there", () => {
		const root = temporaryFolder();
		const { current } = apply(
			root,
			Buffer.concat([text(["<<<<<<< HEAD", ...MANY]), Buffer.from('{"ts":"20')]),
			lineOf(5_000),
		);
		expect(current).toBe(`<<<<<<< HEAD\n{"ts":"20\n${lineOf(5_000)}\n`);
		expect(readRunLog(root).diagnostics.map(({ code, file }) => [code, file])).toEqual([
			["conflict_markers", "tasks/runs.jsonl"],
			["run_line_invalid", "tasks/runs.jsonl"],
		]);
	});

	test("does not cut a file that would stay as long", () => {
		const root = temporaryFolder();
		const log = Buffer.concat([text(linesOf(0, 10)), Buffer.from(`${"garbage ".repeat(200_000)}\n`)]);
		const { current, rotated } = apply(root, log, lineOf(5_000));
		expect(current).toBe(`${log}${lineOf(5_000)}\n`);
		expect(rotated).toEqual([]);
	});

	test("that corrects a rotated one wins over it", () => {
		const root = temporaryFolder();
		apply(root, text(MANY), lineOf(5_000));
		apply(root, text([lineOf(5_000)]), lineOf(3, { status: "error" }));
		expect(readRunLog(root).lines.find((line) => line.runId === runId(3))?.status).toBe("error");
	});
});
