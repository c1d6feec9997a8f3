import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { scanPatchForSecrets } from "../../src/trust/secrets.ts";

const token = `ghp_${"aB3dE5fG7hJ9".repeat(3)}`;
const patch = (...lines: string[]) => Buffer.from(`${lines.join("\n")}\n`, "latin1");
const places = (bytes: Uint8Array) => scanPatchForSecrets(bytes).map(({ file, line }) => `${file}:${line}`);

describe("the scan of a patch", () => {
	it("looks at added lines alone, and counts lines of the new file", () => {
		const bytes = patch(
			"diff --git a/src/a.ts b/src/a.ts",
			"index 000..111 100644",
			"--- a/src/a.ts",
			"+++ b/src/a.ts",
			"@@ -10,4 +20,4 @@ function () {",
			" context",
			`-${token}`,
			` ${token}`,
			`+${token}`,
			"\\ No newline at end of file",
			"@@ -30 +40,2 @@",
			"-old",
			"+new",
			`+${token}`,
		);
		expect(scanPatchForSecrets(bytes)).toEqual([
			{ rule: "github-token", file: "src/a.ts", line: 22 },
			{ rule: "github-token", file: "src/a.ts", line: 41 },
		]);
	});

	it("is not led astray by content that looks like headers", () => {
		const bytes = patch(
			"--- a/a",
			"+++ b/a",
			"@@ -1,2 +1,4 @@",
			"--- x",
			"-@@ -1 +1 @@",
			"+++ b/innocent",
			"+@@ -1,9 +1,9 @@",
			"+diff --git a/b b/b",
			`+${token}`,
		);
		expect(places(bytes)).toEqual(["a:4"]);
	});

	it("reads names as git quotes them", () => {
		const bytes = patch(
			'+++ "b/\\303\\244 \\"q\\"\\n\\\\.txt"',
			"@@ -0,0 +1 @@",
			`+${token}`,
			"+++ b/with space.txt\t",
			"@@ -0,0 +1 @@",
			`+${token}`,
		);
		expect(places(bytes)).toEqual(['ä "q"\n\\.txt:1', "with space.txt:1"]);
	});

	it("finds a private key over added lines, and reads lock files as such", () => {
		const bytes = patch(
			"+++ b/key.pem",
			"@@ -0,0 +1,3 @@",
			"+-----BEGIN RSA PRIVATE KEY-----",
			`+${"aB3dE5fG7hJ9".repeat(5)}`,
			"+-----END RSA PRIVATE KEY-----",
			"+++ b/package-lock.json",
			"@@ -0,0 +1 @@",
			`+"token": "${"a1b2c3d4".repeat(5)}"`,
		);
		expect(scanPatchForSecrets(bytes)).toEqual([{ rule: "private-key", file: "key.pem", line: 1 }]);
	});

	it("survives what is no patch", () => {
		expect(scanPatchForSecrets(Buffer.alloc(0))).toEqual([]);
		expect(scanPatchForSecrets(patch("@@ -1,99999999 +1,99999999 @@", "garbage", `+${token}`))).toEqual([]);
		expect(scanPatchForSecrets(Buffer.from("@@ -1 +1 @@\n+"))).toEqual([]);
	});

	it("of 32 MiB takes about a second at most", () => {
		const line = `+\tconst value${"x".repeat(20)} = compute(token, key, "some text");\n`;
		const count = Math.floor((32 * 1024 * 1024) / line.length);
		const bytes = Buffer.from(`+++ b/a\n@@ -0,0 +1,${count + 1} @@\n${line.repeat(count)}+${token}\n`);
		const before = performance.now();
		expect(places(bytes)).toEqual([`a:${count + 1}`]);
		// A loaded machine gets three times the second that it takes alone.
		expect(performance.now() - before).toBeLessThan(3000);
	});
});

describe("with git's own patches", () => {
	let folder: string;
	const git = (...args: string[]) =>
		execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], {
			cwd: folder,
			env: { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: "1" },
			stdio: ["ignore", "pipe", "pipe"],
		});

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "msgcode-patch-"));
		git("init", "-q");
		writeFileSync(join(folder, "a.txt"), "one\ntwo\nthree\n");
		git("add", ".");
		git("commit", "-qm", "base");
	});

	afterEach(() => rmSync(folder, { recursive: true, force: true }));

	it("finds text and passes over binary content, in odd names too", () => {
		writeFileSync(join(folder, "a.txt"), `one\n${token}\r\nthree`);
		writeFileSync(join(folder, 'ü "x"\ny.txt'), `\n\n${token}\n`);
		writeFileSync(join(folder, "image.bin"), Buffer.concat([Buffer.from([0, 1, 2]), Buffer.from(token)]));
		git("add", ".");
		const bytes = git("diff", "--cached", "--binary", "--full-index");
		expect(bytes.includes("GIT binary patch")).toBe(true);
		expect(places(bytes)).toEqual(["a.txt:2", 'ü "x"\ny.txt:3']);
	});
});
