import { execFileSync, spawnSync } from "node:child_process";
import {
	chmodSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	realpathSync,
	rmSync,
	statSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { armFailPoints } from "../../src/core/failpoint.ts";
import {
	appendLine,
	containedPath,
	createFile,
	ensureFolder,
	hasLeftoverTemporaries,
	readFileIfThere,
	removeFileIfThere,
	removeLeftoverTemporaries,
	replaceFile,
} from "../../src/core/files.ts";

const program = join(import.meta.dirname, "programs/use-files.ts");
let folder: string;
let file: string;

beforeEach(() => {
	folder = realpathSync(mkdtempSync(join(tmpdir(), "msgcode files ")));
	file = join(folder, "file");
});

afterEach(() => {
	armFailPoints({});
	rmSync(folder, { recursive: true, force: true });
});

const text = (path: string) => readFileSync(path, "utf8");
const mode = (path: string) => statSync(path).mode & 0o777;
const withCode = (code: string) => expect.objectContaining({ code });

describe("replacing a file", () => {
	it("creates it, then replaces its content, and leaves nothing beside it", () => {
		replaceFile(file, "one");
		replaceFile(file, new Uint8Array([0, 255]));
		expect([...readFileSync(file)]).toEqual([0, 255]);
		expect(readdirSync(folder)).toEqual(["file"]);
	});

	it("keeps the permissions of the file that it replaces, or sets those that are given whatever the umask", () => {
		writeFileSync(file, "#!/bin/sh");
		chmodSync(file, 0o751);
		replaceFile(file, "#!/bin/bash");
		expect(mode(file)).toBe(0o751);
		replaceFile(file, "secret", { mode: 0o622 });
		expect(mode(file)).toBe(0o622);
	});

	it("replaces a symbolic link itself and never writes through it", () => {
		const outside = join(folder, "outside");
		writeFileSync(outside, "untouched");
		symlinkSync(outside, file);
		replaceFile(file, "new");
		expect(text(outside)).toBe("untouched");
		expect(text(file)).toBe("new");
	});

	it("on a full disk says so, keeps the old content and leaves no temporary file", () => {
		writeFileSync(file, "old");
		armFailPoints({ MSGCODE_FAILPOINT: "files.temp-written:enospc" });
		expect(() => replaceFile(file, "new")).toThrow(withCode("disk_full"));
		expect(text(file)).toBe("old");
		expect(readdirSync(folder)).toEqual(["file"]);
	});

	it("where a folder is in the way fails, names it and leaves no temporary file", () => {
		mkdirSync(file);
		expect(() => replaceFile(file, "new")).toThrow(expect.objectContaining({ message: expect.stringContaining(file) }));
		expect(readdirSync(folder)).toEqual(["file"]);
	});

	it("below a file that is no folder fails", () => {
		writeFileSync(file, "");
		expect(() => replaceFile(join(file, "below"), "new")).toThrow(withCode("file_failed"));
	});

	it.each([
		["files.temp-written", "old"],
		["files.renamed", "new"],
	])("killed at %s leaves the whole %s content", (point, content) => {
		writeFileSync(file, "old");
		const child = spawnSync(process.execPath, [program, "replace", file, "new"], {
			env: { ...process.env, MSGCODE_FAILPOINT: point },
		});
		expect(child.signal).toBe("SIGKILL");
		expect(text(file)).toBe(content);
	});
});

describe("leftover temporary files", () => {
	it("of a killed process are removed; those of live processes and foreign files stay", () => {
		writeFileSync(file, "old");
		const env = { ...process.env, MSGCODE_FAILPOINT: "files.temp-written" };
		spawnSync(process.execPath, [program, "replace", file, "new"], { env });
		const [leftover = ""] = readdirSync(folder).filter((name) => name.startsWith(".msgcode-tmp-"));
		const live = leftover.replace(/tmp-\d+-/, `tmp-${process.pid}-`);
		writeFileSync(join(folder, live), "being written");
		expect(removeLeftoverTemporaries(folder)).toEqual([leftover]);
		expect(readdirSync(folder).sort()).toEqual([live, "file"].sort());
	});

	it("of another machine stay for an hour", () => {
		const foreign = join(folder, ".msgcode-tmp-1-00000000-abc");
		writeFileSync(foreign, "");
		expect(removeLeftoverTemporaries(folder)).toEqual([]);
		const old = Date.now() / 1000 - 3700;
		utimesSync(foreign, old, old);
		expect(removeLeftoverTemporaries(folder)).toEqual([".msgcode-tmp-1-00000000-abc"]);
	});

	it("lie where they were asked to lie, so that one look finds them", () => {
		const aside = join(folder, "aside");
		ensureFolder(aside);
		armFailPoints({ MSGCODE_FAILPOINT: "files.renamed:throw" });
		expect(() => replaceFile(file, "new", { temporaryIn: aside })).toThrow();
		expect(text(file)).toBe("new");
		armFailPoints({});
		// A folder that cannot take the temporary file shows where that would have been.
		expect(() => createFile(join(folder, "other"), "x", { temporaryIn: join(folder, "nowhere") })).toThrow();
		expect(readdirSync(folder).sort()).toEqual(["aside", "file"]);
		expect(hasLeftoverTemporaries(aside)).toBe(false);
	});

	it("may be folders", () => {
		const name = ".msgcode-tmp-1-00000000-abc";
		ensureFolder(join(folder, name, "deep"));
		const old = Date.now() / 1000 - 3700;
		utimesSync(join(folder, name), old, old);
		expect(hasLeftoverTemporaries(folder)).toBe(true);
		expect(removeLeftoverTemporaries(folder)).toEqual([name]);
		expect(readdirSync(folder)).toEqual([]);
	});

	it("in a folder that is not there are none", () => {
		expect(removeLeftoverTemporaries(join(folder, "nowhere"))).toEqual([]);
	});
});

describe("creating a file", () => {
	it("happens once: the second finds the first's content untouched", () => {
		expect(createFile(file, "first")).toBe(true);
		expect(createFile(file, "second")).toBe(false);
		expect(text(file)).toBe("first");
		expect(readdirSync(folder)).toEqual(["file"]);
	});

	it("does not follow a dangling link", () => {
		symlinkSync(join(folder, "elsewhere"), file);
		expect(createFile(file, "content")).toBe(false);
		expect(existsSync(join(folder, "elsewhere"))).toBe(false);
	});

	it("has exactly the permissions that were asked for", () => {
		createFile(file, "", { mode: 0o600 });
		expect(mode(file)).toBe(0o600);
	});
});

describe("appending a line", () => {
	it("creates the file and adds whole lines", () => {
		appendLine(file, "one");
		appendLine(file, "zwei ä");
		expect(text(file)).toBe("one\nzwei ä\n");
	});

	it("repairs a missing final newline, so that a torn line stays alone", () => {
		writeFileSync(file, '{"a":1}\n{"b":');
		appendLine(file, '{"c":3}');
		expect(text(file)).toBe('{"a":1}\n{"b":\n{"c":3}\n');
	});

	it("refuses a line that holds a newline or is too long, and writes nothing", () => {
		expect(() => appendLine(file, "a\nb")).toThrow(withCode("internal"));
		expect(() => appendLine(file, "ää", { maxBytes: 3 })).toThrow(withCode("limit_exceeded"));
		expect(existsSync(file)).toBe(false);
		appendLine(file, "ää", { maxBytes: 4 });
	});

	it("does not follow a link", () => {
		writeFileSync(join(folder, "outside"), "");
		symlinkSync(join(folder, "outside"), file);
		expect(() => appendLine(file, "line")).toThrow(withCode("file_failed"));
		expect(text(join(folder, "outside"))).toBe("");
	});

	it("takes back what fitted of a line when the space ends in its middle", () => {
		const line = "x".repeat(600);
		const command = `trap '' XFSZ; ulimit -f 1; exec "$0" "$@"`;
		const child = spawnSync("bash", ["-c", command, process.execPath, program, "append", file, line, "2"], {
			encoding: "utf8",
		});
		expect(child.stdout.trim()).toBe("file_failed");
		expect(text(file)).toBe(`${line}\n`);
	});
});

describe("reading a file", () => {
	it("gives its bytes, or null when there is none", () => {
		writeFileSync(file, "content");
		expect(readFileIfThere(file)?.toString()).toBe("content");
		expect(readFileIfThere(join(folder, "none"))).toBeNull();
		expect(readFileIfThere(join(file, "below"))).toBeNull();
	});

	it("refuses more than the limit", () => {
		writeFileSync(file, "12345");
		expect(readFileIfThere(file, { maxBytes: 5 })?.length).toBe(5);
		expect(() => readFileIfThere(file, { maxBytes: 4 })).toThrow(withCode("limit_exceeded"));
	});

	it("refuses a folder, and a named pipe without waiting for it", () => {
		execFileSync("mkfifo", [file]);
		const options = { encoding: "utf8", timeout: 5000, killSignal: "SIGKILL" } as const;
		for (const operation of ["read", "append"]) {
			expect(spawnSync(process.execPath, [program, operation, file, "x"], options).stdout.trim()).toBe("file_failed");
		}
		expect(() => readFileIfThere(folder)).toThrow(withCode("file_failed"));
	});
});

describe("folders and removal", () => {
	it("creates parents with the mode, and may be repeated", () => {
		const deep = join(folder, "a/b/c");
		ensureFolder(deep, 0o700);
		ensureFolder(deep, 0o700);
		expect([mode(deep), mode(join(folder, "a"))]).toEqual([0o700, 0o700]);
	});

	it("says what is in the way of a folder", () => {
		writeFileSync(file, "");
		expect(() => ensureFolder(file)).toThrow(withCode("file_failed"));
	});

	it("removes a file, and is content when it is gone", () => {
		writeFileSync(file, "");
		removeFileIfThere(file);
		removeFileIfThere(file);
		expect(existsSync(file)).toBe(false);
	});
});

describe("a path inside a folder", () => {
	it.each(["a", "a/b.md", "./a", "a//b", "..a/b..", "", "."])("%j is accepted", (relative) => {
		expect(containedPath(folder, relative).startsWith(folder)).toBe(true);
	});

	it.each(["/etc/passwd", "..", "a/../b", "../x", "a/..", "a\0b"])("%j is refused", (relative) => {
		expect(() => containedPath(folder, relative)).toThrow(withCode("path_outside"));
	});

	it("may lead over a link that stays inside, but not over one that leaves, nor over one to nowhere", () => {
		mkdirSync(join(folder, "root/real"), { recursive: true });
		mkdirSync(join(folder, "root-beside"));
		const root = join(folder, "root");
		symlinkSync("real", join(root, "inside"));
		symlinkSync("../root-beside", join(root, "outside"));
		symlinkSync("/nowhere/at/all", join(root, "dangling"));
		symlinkSync("loop", join(root, "loop"));
		expect(containedPath(root, "inside/new.md")).toBe(join(root, "inside/new.md"));
		for (const name of ["outside", "outside/new.md", "inside/../outside", "dangling", "loop/x"]) {
			expect(() => containedPath(root, name)).toThrow(withCode("path_outside"));
		}
	});

	it("is judged by where the root really is", () => {
		mkdirSync(join(folder, "real"));
		symlinkSync(join(folder, "real"), join(folder, "alias"));
		symlinkSync(".", join(folder, "real/self"));
		expect(containedPath(join(folder, "alias"), "self/x")).toBe(join(folder, "alias/self/x"));
	});
});
