// The shape of src/, enforced: which folder may import which, which file may touch what. The table is design's; a new row
// is a decision, not a formality.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { version } from "../src/core/version.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What a part of src may import besides itself, whatever it reaches through that. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
	core: [],
	config: ["core"],
	git: ["config", "core"],
	trust: ["git", "config", "core"],
	// Runners get a plain request and never see the ledger or git.
	runners: ["config", "core"],
	ledger: ["trust", "git", "config", "core"],
	engine: ["ledger", "runners", "trust", "git", "config", "core"],
	// Looks at everything below it; nothing below needs it.
	fsck: ["engine", "ledger", "git", "core"],
	driver: ["runners", "core"],
	app: ["engine", "ledger", "runners", "trust", "git", "config", "core"],
	cli: ["app", "fsck", "engine", "ledger", "runners", "trust", "git", "config", "core"],
	main: ["cli", "core"],
};

/** Outside libraries and the one file that imports each; everything else does not know that they are there. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
	"@agentclientprotocol/sdk": ["src/runners/drivers/acp/acp-connection.ts"],
	commander: ["src/cli/commander.ts"],
	diff: ["src/ledger/history/line-difference.ts"],
	"gray-matter": ["src/ledger/task/document.ts"],
	"isomorphic-git": ["src/git/objects.ts"],
	"simple-git": ["src/git/repo.ts"],
	"smol-toml": ["src/config/toml.ts"],
	yaml: ["src/ledger/task/yaml.ts"],
};

/** zod has no door: schemas are the only source of shapes, and these are the files that hold schemas. */
const SCHEMA_FILES: readonly string[] = [
	"src/config/preflight-file.ts",
	"src/config/settings-layer.ts",
	"src/config/settings-schema.ts",
	"src/ledger/task/definition-schemas.ts",
	"src/ledger/task/task.ts",
	"src/runners/capability-schema.ts",
	"src/config/exec-declaration.ts",
];

/** Who may start a process, and who may signal one. */
const SPAWNS: readonly string[] = [
	"src/core/launch.ts", // the supervisor's only spawn
	"src/core/process-identity.ts", // `ps`, where there is no /proc
	"src/core/process-table.ts", // the same
	"src/git/plumbing.ts",
	"src/main.ts", // the editor
];
const SIGNALS: readonly string[] = [
	"src/core/failpoint.ts",
	"src/core/process-identity.ts",
	"src/core/process-signal.ts",
];

/** The programs: the only files that know the process that they are. */
const BINS: readonly string[] = ["src/driver.ts", "src/main.ts"];
const LONGEST_FILE = 400;
const MEANINGLESS = new Set(["utils", "util", "helpers", "helper", "common", "types", "misc", "index"]);

interface Import {
	readonly specifier: string;
	readonly typeOnly: boolean;
	readonly lazy: boolean;
}

interface Source {
	/** Path from the project's folder: `src/core/lock.ts`. */
	readonly path: string;
	readonly text: string;
	/** The text without comments, so that a word in one is not taken for code. */
	readonly code: string;
	readonly imports: readonly Import[];
}

const STATIC_IMPORT = /^(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gm;
const LAZY_IMPORT = /(typeof\s+)?import\(\s*"([^"]+)"\s*\)/g;
/** A library that is loaded at its first use, by a function that cannot wait. */
const REQUIRE = /\brequire\(\s*"([^"]+)"\s*\)/g;

function importsOf(code: string): readonly Import[] {
	return [
		...[...code.matchAll(STATIC_IMPORT)].map(([, type, specifier = ""]) => ({
			specifier,
			typeOnly: type !== undefined,
			lazy: false,
		})),
		...[...code.matchAll(LAZY_IMPORT)].map(([, type, specifier = ""]) => ({
			specifier,
			typeOnly: type !== undefined,
			lazy: true,
		})),
		...[...code.matchAll(REQUIRE)].map(([, specifier = ""]) => ({ specifier, typeOnly: false, lazy: true })),
	];
}

const sources: readonly Source[] = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
	.map((name) => join("src", name))
	.filter((path) => path.endsWith(".ts"))
	.sort()
	.map((path) => {
		const text = readFileSync(join(root, path), "utf8");
		const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
		return { path, text, code, imports: importsOf(code) };
	});

function partOf(path: string): string {
	const [, first = ""] = path.split("/");
	return basename(first, ".ts");
}

function resolved(from: Source, { specifier }: Import): string {
	return normalize(join(dirname(from.path), specifier));
}

/** `file: what` for every import that `isWrong` says so of. */
function offences(isWrong: (source: Source, one: Import) => string | false): readonly string[] {
	return sources.flatMap((source) =>
		source.imports.flatMap((one) => {
			const wrong = isWrong(source, one);
			return wrong === false ? [] : [`${source.path}: ${wrong}`];
		}),
	);
}

function filesWith(pattern: RegExp): readonly string[] {
	return sources.filter(({ code }) => pattern.test(code)).map(({ path }) => path);
}

const isInner = ({ specifier }: Import) => specifier.startsWith(".");
const isNode = ({ specifier }: Import) => specifier.startsWith("node:");

describe("layers", () => {
	test("the reader of imports sees each way of writing one", () => {
		const code = [
			'import "node:a";',
			'import b from "./b.ts";',
			'import type { C } from "./c.ts";',
			'import {\n\tone,\n\ttwo,\n} from "d";',
			'export { e } from "./e.ts";',
			'const f = await import("./f.ts");',
			'type G = typeof import("./g.ts");',
			'const h = require("h");',
		].join("\n");
		expect(importsOf(code).map(({ specifier }) => specifier)).toEqual([
			"node:a",
			"./b.ts",
			"./c.ts",
			"d",
			"./e.ts",
			"./f.ts",
			"./g.ts",
			"h",
		]);
		expect(sources.length).toBeGreaterThan(20);
	});

	test("imports follow the arrows", () => {
		expect(
			offences((source, one) => {
				if (!isInner(one) || one.specifier.endsWith(".json")) return false;
				const [from, to] = [partOf(source.path), partOf(resolved(source, one))];
				return from !== to && !(ARROWS[from] ?? []).includes(to) && `${from} must not import ${to} (${one.specifier})`;
			}),
		).toEqual([]);
	});

	test("every part of src is in the table", () => {
		expect([...new Set(sources.map(({ path }) => partOf(path)))].filter((part) => !(part in ARROWS))).toEqual([]);
	});

	test("core imports only Node itself", () => {
		expect(
			offences((source, one) => partOf(source.path) === "core" && !isInner(one) && !isNode(one) && one.specifier),
		).toEqual([]);
	});

	test("no circle of imports", () => {
		const edges = new Map(
			sources.map((source) => [
				source.path,
				source.imports.filter((one) => isInner(one) && !one.lazy).map((one) => resolved(source, one)),
			]),
		);
		const done = new Set<string>();
		const circles: string[] = [];
		const visit = (path: string, above: readonly string[]) => {
			if (above.includes(path)) circles.push([...above.slice(above.indexOf(path)), path].join(" -> "));
			if (done.has(path) || above.includes(path)) return;
			for (const next of edges.get(path) ?? []) visit(next, [...above, path]);
			done.add(path);
		};
		for (const path of edges.keys()) visit(path, []);
		expect(circles).toEqual([]);
	});

	test("an implementation of a command is only ever loaded lazily", () => {
		const lazy = new Set(
			sources.flatMap((source) =>
				/^src\/cli\/commands\/[^/]+\.ts$/.test(source.path)
					? source.imports.filter((one) => one.lazy && !one.typeOnly).map((one) => resolved(source, one))
					: [],
			),
		);
		expect(
			offences((source, one) => {
				const eager = isInner(one) && !one.lazy && !one.typeOnly && !lazy.has(source.path);
				return eager && lazy.has(resolved(source, one)) && one.specifier;
			}),
		).toEqual([]);
	});
});

describe("doors", () => {
	test("an outside library is imported by its one file", () => {
		expect(
			offences((source, one) => {
				if (isInner(one) || isNode(one) || one.specifier.startsWith("zod")) return false;
				return !(DOORS[one.specifier] ?? []).includes(source.path) && `imports ${one.specifier}`;
			}),
		).toEqual([]);
		for (const library of Object.keys(DOORS)) {
			const importers = sources.filter(({ imports }) => imports.some(({ specifier }) => specifier === library));
			expect(importers.length, library).toBeLessThanOrEqual(1);
		}
	});

	test("zod is imported by the files that hold schemas, in its small form and statically", () => {
		expect(
			offences((source, one) => {
				if (!one.specifier.startsWith("zod")) return false;
				if (!SCHEMA_FILES.includes(source.path)) return "imports zod";
				return (one.specifier !== "zod/mini" || one.lazy) && `imports ${one.specifier}${one.lazy ? " lazily" : ""}`;
			}),
		).toEqual([]);
	});

	test("process.env is read by the bins only", () => {
		expect(filesWith(/\bprocess\.env\b|\benv\b[^\n]*from "node:process"/)).toEqual(BINS);
	});

	test("processes are started by the files that are there for it", () => {
		const starters = sources.filter(({ imports }) =>
			imports.some(({ specifier, typeOnly }) => /^(node:)?child_process$/.test(specifier) && !typeOnly),
		);
		expect(starters.map(({ path }) => path).filter((path) => !SPAWNS.includes(path))).toEqual([]);
	});

	test("processes are signalled by the files that are there for it", () => {
		expect(filesWith(/\bprocess\.kill\(|\.kill\(\s*["'-]/).filter((path) => !SIGNALS.includes(path))).toEqual([]);
	});

	test("no module exports a variable that changes, nor awaits at its top level", () => {
		// The build joins chunks and relies on both; the bins are never joined.
		expect(
			filesWith(/^export (let|var)\b|^await\b|^(const|let) [^\n]*= await\b/m).filter((path) => !BINS.includes(path)),
		).toEqual([]);
	});

	test("only the bins end the process or read its arguments", () => {
		expect(filesWith(/\bprocess\.(exit\(|exitCode|argv|stdin|stdout|stderr)/)).toEqual(BINS);
	});
});

describe("files", () => {
	test("none is longer than 400 lines", () => {
		expect(sources.filter(({ text }) => text.split("\n").length > LONGEST_FILE).map(({ path }) => path)).toEqual([]);
	});

	test("each opens with a comment that says what it is for", () => {
		expect(sources.filter(({ text }) => !/^(#!.*\n)?\/\/ \S/.test(text)).map(({ path }) => path)).toEqual([]);
	});

	test("names are kebab-case and say something", () => {
		const names = sources.map(({ path }) => path);
		expect(names.filter((path) => !/^[a-z0-9-]+(\/[a-z0-9-]+)*\.ts$/.test(path))).toEqual([]);
		expect(names.filter((path) => path.split("/").some((part) => MEANINGLESS.has(basename(part, ".ts"))))).toEqual([]);
	});

	test("every inner import names a file that exists", () => {
		expect(
			offences((source, one) => isInner(one) && !existsSync(join(root, resolved(source, one))) && one.specifier),
		).toEqual([]);
	});
});

test("the version is package.json's", () => {
	expect(version).toBe(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version);
});
