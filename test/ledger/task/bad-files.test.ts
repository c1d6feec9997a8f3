// Every kind of bad file: diagnosed with its line, nothing executed, nothing slow, the rest of the file still counted.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { diagnosticTable } from "../../../src/ledger/diagnostic.ts";
import { parseRecord } from "../../../src/ledger/task/record.ts";
import { decodeText } from "../../../src/ledger/task/source-text.ts";
import { parseTaskFile } from "../../../src/ledger/task/task-file.ts";

const folder = new URL("../../../fixtures/ledgers/bad/", import.meta.url).pathname;
const expected: Record<string, [string, number][]> = JSON.parse(readFileSync(`${folder}expected.json`, "utf8"));
const proofs = mkdtempSync(join(tmpdir(), "msgcode-bad-"));

afterAll(() => rmSync(proofs, { recursive: true, force: true }));

function diagnosticsOf(name: string) {
	const file = `tasks/${name}`;
	const { text, diagnostics } = decodeText(readFileSync(folder + name), file);
	if (diagnostics.length > 0) return diagnostics;
	return (name.endsWith(".json") ? parseRecord(text, file) : parseTaskFile(text, file)).diagnostics;
}

describe("bad files", () => {
	it("the folder and the table of expectations name the same files", () => {
		expect(readdirSync(folder).filter((name) => name.startsWith("tsk_"))).toEqual(Object.keys(expected).sort());
	});

	it.each(Object.entries(expected))(
		"%s is diagnosed with code and line, quickly, and executes nothing",
		(name, wanted) => {
			const proof = join(proofs, name);
			process.env.MSGCODE_PROOF = proof;
			const started = performance.now();
			const found = diagnosticsOf(name);
			expect(performance.now() - started).toBeLessThan(1000);
			expect(found.map(({ code, line }) => [code, line])).toEqual(wanted);
			for (const diagnostic of found) {
				expect(diagnostic.file).toBe(`tasks/${name}`);
				expect(diagnostic.severity).toBe(diagnosticTable[diagnostic.code].severity);
				expect(diagnostic.message).toMatch(/\.$|:/);
				expect(diagnostic.hint).not.toBe("");
			}
			expect(existsSync(proof)).toBe(false);
			delete process.env.MSGCODE_PROOF;
		},
	);

	it("keeps the good keys of a file with bad ones", () => {
		const { definition } = parseTaskFile(readFileSync(`${folder}tsk_ymkeys0001.md`, "utf8"), "tasks/tsk_ymkeys0001.md");
		expect(definition).toMatchObject({
			title: "Some bad keys",
			priority: 5,
			labels: ["good"],
			files: [],
			prompt: "Body.\n",
			extra: { depends_on: ["tsk_another001"] },
		});
		expect(definition.schedule).toBeUndefined();
	});

	it("reads files with a byte order mark or CRLF as any other", () => {
		const crlf = parseTaskFile(readFileSync(`${folder}tsk_ymcrxf0001.md`, "utf8"), "tasks/tsk_ymcrxf0001.md");
		expect(crlf.definition).toMatchObject({ title: "With CRLF", priority: 7, prompt: "Body.\r\n" });
		const marked = parseTaskFile(readFileSync(`${folder}tsk_ymb0m00001.md`, "utf8"), "tasks/tsk_ymb0m00001.md");
		expect(marked.definition.title).toBe("With a byte order mark");
		expect(
			parseRecord(readFileSync(`${folder}tsk_jsnb0m0001.json`, "utf8"), "tsk_jsnb0m0001.json").record?.status,
		).toBe("open");
	});
});

describe("huge files", () => {
	const mebibyte = 1024 * 1024;

	it.each([
		["a body of 2 MiB", `---\ntitle: x\n---\n\n${"a".repeat(2 * mebibyte)}`, "limit_exceeded", 4],
		["front matter of 65 KiB", `---\ntitle: x\nnote: ${"a".repeat(65 * 1024)}\n---\n`, "limit_exceeded", 1],
		["60,000 blank lines", `---\n${"\n".repeat(60_000)}title: x\n---\n`, "front_matter_refused", 1],
		[
			"8,000 keys",
			`---\n${Array.from({ length: 8000 }, (_, at) => `k${at}: 1`).join("\n")}\n---\n`,
			"limit_exceeded",
			1,
		],
		[
			"5,000 keys",
			`---\n${Array.from({ length: 5000 }, (_, at) => `k${at}: 1`).join("\n")}\n---\n`,
			"front_matter_refused",
			1002,
		],
		["30,000 lists in lists", `---\na:\n  ${"- ".repeat(30_000)}x\n---\n`, "front_matter_refused", 3],
		["60,000 brackets", `---\na: ${"[]".repeat(30_000)}\n---\n`, "front_matter_refused", 2],
		["60,000 commas", `---\na: [${",".repeat(60_000)}]\n---\n`, "front_matter_refused", 2],
	])("%s is one diagnostic, at once", (_, text, code, line) => {
		const started = performance.now();
		const { diagnostics } = parseTaskFile(text, "tasks/tsk_0000000001.md");
		expect(performance.now() - started).toBeLessThan(1000);
		expect(diagnostics.map((found) => [found.code, found.line])).toEqual([[code, line]]);
	});

	it("a body of exactly 1 MiB is read", () => {
		const { definition, diagnostics } = parseTaskFile(`---\ntitle: x\n---\n${"é".repeat(mebibyte / 2)}`, "a.md");
		expect(diagnostics).toEqual([]);
		expect(definition.prompt).toHaveLength(mebibyte / 2);
	});

	it("a record that is too large, or nested too deeply to be written again, is a diagnostic", () => {
		const large = parseRecord(`{"note": "${"a".repeat(mebibyte)}"}`, "tasks/tsk_0000000001.json");
		expect(large.diagnostics.map(({ code }) => code)).toEqual(["limit_exceeded"]);
		const deep = parseRecord(`{"note": ${"[".repeat(200_000)}${"]".repeat(200_000)}}`, "tasks/tsk_0000000001.json");
		expect(deep.diagnostics.map(({ code }) => code)).toEqual(["record_invalid"]);
	});
});
