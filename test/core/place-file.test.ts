import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { placeFile } from "../../src/core/place-file.ts";
import { temporaryFolder } from "../support/repo.ts";

function written(): { from: string; to: string } {
	const folder = temporaryFolder();
	const [from, to] = [join(folder, "written"), join(folder, "name")];
	writeFileSync(from, "new");
	return { from, to };
}

describe("a finished file gets its name", () => {
	test("where nothing has it", () => {
		const { from, to } = written();
		expect(placeFile(from, to, false)).toBe(true);
		expect([readFileSync(to, "utf8"), existsSync(from)]).toEqual(["new", false]);
	});

	test("never from another file, unless told to replace it", () => {
		const { from, to } = written();
		writeFileSync(to, "old");
		expect(placeFile(from, to, false)).toBe(false);
		expect([readFileSync(to, "utf8"), readFileSync(from, "utf8")]).toEqual(["old", "new"]);
		expect(placeFile(from, to, true)).toBe(true);
		expect(readFileSync(to, "utf8")).toBe("new");
	});

	test("or an error that names the place", () => {
		const { from, to } = written();
		mkdirSync(to);
		writeFileSync(join(to, "inside"), "kept");
		expect(() => placeFile(from, to, true)).toThrow(to);
		expect(readFileSync(join(to, "inside"), "utf8")).toBe("kept");
	});
});
