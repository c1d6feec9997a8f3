// The bin as a process: what main.ts does before and around the command line.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, openSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { version } from "../../src/core/version.ts";
import { temporaryFolder } from "../support/repo.ts";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const env = { PATH: process.env.PATH ?? "" };

function node(argv: readonly string[], nodeArgs: readonly string[] = []) {
	return spawnSync(process.execPath, [...nodeArgs, MAIN, ...argv], { env, encoding: "utf8" });
}

test("the version is printed, also when started through a link", () => {
	expect(node(["--version"])).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: "" });
	const link = join(temporaryFolder(), "msgcode");
	symlinkSync(MAIN, link);
	const path = `${join(process.execPath, "..")}:${env.PATH}`;
	expect(execFileSync(link, ["-V"], { env: { PATH: path }, encoding: "utf8" })).toBe(`${version}\n`);
	expect(statSync(MAIN).mode & 0o111).toBe(0o111);
});

describe("an old Node", () => {
	test.each(["18.20.0", "20.20.0", "22.11.0"])("%s gets one clear line and exit 2", (old) => {
		const program = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${old}" } })`;
		const { status, stdout, stderr } = node(
			["--version"],
			["--import", `data:text/javascript,${encodeURIComponent(program)}`],
		);
		expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
		expect(stderr).toMatch(/^msgcode needs Node\.js 22\.12 or newer; this is .*\.\n$/);
	});

	test("can read main.js, which imports nothing statically", () => {
		expect(readFileSync(MAIN, "utf8")).not.toMatch(/^import\b|[;}]import[{"*]/m);
		// A Node older than ours may be installed beside it; then the real thing is tried as well.
		for (const candidate of ["/usr/bin/node", "/usr/local/bin/node"].filter((path) => existsSync(path))) {
			const major = Number(
				execFileSync(candidate, ["-p", "process.versions.node"], { encoding: "utf8" }).split(".")[0],
			);
			if (major >= 22) continue;
			const { status, stderr } = spawnSync(candidate, [MAIN, "task", "list"], { env, encoding: "utf8" });
			expect({ status, lines: stderr.trim().split("\n").length }).toEqual({ status: 2, lines: 1 });
		}
	});
});

describe("output", () => {
	test("to a reader that goes away ends quietly", async () => {
		const child = spawn(
			"sh",
			["-c", `"$0" "$1" completion bash | head -c 10; "$0" "$1" completion zsh | true`, process.execPath, MAIN],
			{ env },
		);
		let stderr = "";
		child.stderr.on("data", (chunk) => {
			stderr += chunk;
		});
		const code = await new Promise((resolve) => child.once("close", resolve));
		expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
	});

	test.runIf(existsSync("/dev/full"))("that cannot be written is a failure", () => {
		const full = openSync("/dev/full", "w");
		const { status, stderr } = spawnSync(process.execPath, [MAIN, "completion", "bash"], {
			env,
			stdio: ["ignore", full, "pipe"],
			encoding: "utf8",
		});
		expect(status).toBe(1);
		expect(stderr).toContain("ENOSPC");
	});

	test("of any size arrives whole", () => {
		const whole = node(["completion", "zsh", "--json"]).stdout;
		expect(JSON.parse(whole).data.script).toContain("compdef _msgcode msgcode");
	});
});

test("every chunk of the build can be loaded by itself", () => {
	const folder = join(MAIN, "..");
	const bins = ["main.js", "driver.js"];
	for (const name of readdirSync(folder).filter((file) => file.endsWith(".js") && !bins.includes(file))) {
		const program = `await import(${JSON.stringify(join(folder, name))})`;
		const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
			env,
			encoding: "utf8",
		});
		expect(status, `${name}: ${stderr}`).toBe(0);
	}
});
