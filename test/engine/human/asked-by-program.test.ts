// What a program inside a run puts into the place of its questions: it may be anything.
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { askFromProgram, takeAsked } from "../../../src/engine/human/asked-by-program.ts";
import { makeRunFolder } from "../../../src/engine/run/run-folder.ts";
import { temporaryFolder } from "../../support/repo.ts";

const folder = () => makeRunFolder(temporaryFolder(), "run_20260102T030405Z_0badcafe");
const NAME = "01234567-89ab-cdef-0123-456789abcdef.json";
const inbox = ({ artifacts }: ReturnType<typeof folder>) => join(artifacts, ".asked");

test("questions are taken once; what is none is removed and asks nothing", () => {
	const run = folder();
	const asked = askFromProgram(run, { prompt: "Well?", choices: ["a"], expiresAfterMs: null });
	writeFileSync(join(inbox(run), NAME), '{"prompt":1}');
	expect(takeAsked(run)).toEqual([{ asked, prompt: "Well?", choices: ["a"], expiresAfterMs: null }]);
	expect(existsSync(join(inbox(run), NAME))).toBe(false);
	expect(takeAsked(run)).toEqual([]);
});

test("a folder in a question's place, and a file in the folder's, ask nothing and stop nothing", () => {
	const run = folder();
	mkdirSync(join(inbox(run), NAME, "below"), { recursive: true });
	expect(takeAsked(run)).toEqual([]);
	rmSync(inbox(run), { recursive: true });
	writeFileSync(inbox(run), "x");
	expect(takeAsked(run)).toEqual([]);
});

test("a link to another folder takes nothing from there", () => {
	const other = temporaryFolder();
	const file = join(other, NAME);
	writeFileSync(file, '{"prompt":"Well?"}');
	const run = folder();
	symlinkSync(other, inbox(run));
	expect(takeAsked(run)).toEqual([]);
	expect(existsSync(file)).toBe(true);
	rmSync(run.artifacts, { recursive: true });
	mkdirSync(join(other, ".asked"));
	writeFileSync(join(other, ".asked", NAME), '{"prompt":"Well?"}');
	symlinkSync(other, run.artifacts);
	expect(takeAsked(run)).toEqual([]);
	expect(existsSync(join(other, ".asked", NAME))).toBe(true);
});
