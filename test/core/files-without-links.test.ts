import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createFile } from "../../src/core/files.ts";

vi.mock("node:fs", async (original) => ({
	...(await original<typeof import("node:fs")>()),
	linkSync: () => {
		throw Object.assign(new Error("EPERM: operation not permitted, link"), { code: "EPERM" });
	},
}));

let folder: string;

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "msgcode-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("on a file system without hard links a file is still created only once", () => {
	const file = join(folder, "file");
	expect(createFile(file, "first")).toBe(true);
	expect(createFile(file, "second")).toBe(false);
	expect(readFileSync(file, "utf8")).toBe("first");
	expect(readdirSync(folder)).toEqual(["file"]);
});
