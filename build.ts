// Builds dist/: one small main.js and chunks that are loaded when a command needs them.
// Invariant: starting up reads few files and loads no part of Node that the command does not use. esbuild bundles and
// splits; then Node's modules are taken by process.getBuiltinModule (an `import` of node:fs, node:process or node:util
// reads every lazy getter of it, 2 to 5 ms each), and chunks that are loaded together anyway become one file (each
// file costs a third of a millisecond).

import { createHash } from "node:crypto";
import {
	chmodSync,
	copyFileSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { builtinModules } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, "dist");
const BUILTIN = "node-builtin:";
/** What Node has loaded by itself when a program begins; everything else is taken at its first call. */
const LOADED_ANYWAY = new Set(["buffer", "events", "fs", "module", "path", "process", "url", "util", "timers"]);

const builtins: Plugin = {
	name: "builtins",
	setup({ onResolve }) {
		onResolve({ filter: /^(node:)?[a-z_0-9]+(\/[a-z_]+)?$/ }, ({ path, kind }) => {
			const name = path.replace(/^node:/, "");
			if (!builtinModules.includes(name)) return undefined;
			// CommonJS reaches Node's modules through the `require` that such a chunk is given below.
			return kind === "require-call" ? { path: name, external: true } : { path: BUILTIN + name, external: true };
		});
	},
};

/** gray-matter requires js-yaml for an engine that the ledger replaces; 60 KB that would only ever be parsed. */
const withoutJsYaml: Plugin = {
	name: "without js-yaml",
	setup({ onResolve, onLoad }) {
		onResolve({ filter: /^js-yaml$/ }, () => ({ path: "js-yaml", namespace: "stub" }));
		onLoad({ filter: /.*/, namespace: "stub" }, () => ({
			contents: `const refuse = () => { throw new Error("js-yaml is not part of this bundle"); };
				module.exports = { safeLoad: refuse, safeDump: refuse };`,
		}));
	},
};

/** Libraries that the sources `require` at their first use: each becomes a CommonJS file of its own beside the chunks. */
const REQUIRED = ["yaml", "gray-matter"];
const REQUIRE = new RegExp(`\\brequire\\("(${REQUIRED.join("|")})"\\)`, "g");

/**
 * The sources as the bundle needs them: a `require` of a library in `files` becomes that of its file, and functions of the
 * `eager` sources are compiled at once, not at their first call, which keeps them in the compile cache.
 */
function prepared(files: ReadonlyMap<string, string>, eager: ReadonlySet<string>): Plugin {
	return {
		name: "prepared sources",
		setup({ onLoad }) {
			onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
				const source = readFileSync(path, "utf8").replaceAll(
					REQUIRE,
					(_, library: string) => `require("./${files.get(library)}")`,
				);
				const contents = eager.has(relative(root, path)) ? inParentheses(source) : source;
				return { contents, loader: "ts" };
			});
		},
	};
}

const FUNCTION = /^(export )?((?:async )?function\*? ?)(\w+)([^\n]*(?:\n(?!}$)[^\n]*)*\n})$/gm;

/**
 * V8 compiles a function in parentheses together with what holds it. Functions of a module go in front of its other
 * statements, which may call them, as the declarations that they were did.
 */
function inParentheses(source: string): string {
	const functions: string[] = [];
	const rest = source.replaceAll(FUNCTION, (_, exported = "", keyword: string, name: string, body: string) => {
		functions.push(`${exported}const ${name} = (${keyword}${name}${body});\n`);
		return "";
	});
	return functions.join("") + rest;
}

/** The sources that quick commands are made of. */
async function quickSources(): Promise<ReadonlySet<string>> {
	const { metafile } = await build({
		...SETTINGS,
		entryPoints: QUICK,
		format: "esm",
		splitting: true,
		packages: "external",
	});
	const sources = new Set<string>();
	const visit = (path: string) => {
		if (sources.has(path)) return;
		sources.add(path);
		for (const { kind, external, path: next } of metafile.inputs[path]?.imports ?? []) {
			if (kind === "import-statement" && external !== true) visit(next);
		}
	};
	for (const entry of QUICK) visit(entry);
	return sources;
}

/** main.js answers --version by itself: its own copy of the number spares it a chunk that it would share with others. */
const ownVersion: Plugin = {
	name: "own version",
	setup({ onResolve }) {
		onResolve({ filter: /\/version\.ts$/ }, ({ path, importer, resolveDir }) => ({
			path: join(resolveDir, path),
			suffix: importer.endsWith("main.ts") ? "?main" : "",
		}));
	},
};

/** Commands that are measured in milliseconds: they load nothing that only others need. */
const QUICK = [
	"src/cli/program.ts",
	"src/cli/commands/task-show.ts",
	"src/cli/commands/task-list.ts",
	"src/runners/registry.ts",
];

const SETTINGS = {
	absWorkingDir: root,
	outdir: "dist",
	bundle: true,
	platform: "node",
	target: "node22",
	mainFields: ["module", "main"],
	minifyWhitespace: true,
	minifySyntax: true,
	legalComments: "none",
	logLevel: "warning",
	metafile: true,
	write: false,
} as const satisfies BuildOptions;

/** Builds dist/. With `clean`, what was there before is removed; without, chunks of the build before stay loadable. */
async function buildDist(clean: boolean): Promise<void> {
	const libraries = await build({
		...SETTINGS,
		entryPoints: Object.fromEntries(REQUIRED.map((name) => [name, name])),
		entryNames: "[name]-[hash]",
		format: "cjs",
		outExtension: { ".js": ".cjs" },
		plugins: [withoutJsYaml],
	});
	const required = new Map(
		Object.entries(libraries.metafile.outputs).map(([path, { entryPoint = "" }]) => [
			libraryOf(entryPoint),
			basename(path),
		]),
	);
	const program = { ...SETTINGS, format: "esm", splitting: true } as const;
	const result = await build({
		...program,
		entryPoints: ["src/main.ts"],
		chunkNames: "[name]-[hash]",
		plugins: [builtins, ownVersion, prepared(required, await quickSources())],
	});
	// A program of its own: what its libraries need of a library that both use must not weigh on every command.
	const driver = await build({
		...program,
		entryPoints: ["src/driver.ts"],
		chunkNames: "driver-[name]-[hash]",
		plugins: [builtins, prepared(required, new Set())],
	});
	const textsOf = ({ outputFiles }: typeof result) =>
		new Map(outputFiles.map(({ path, text }) => [basename(path), withBuiltins(text)]));
	const chunks = new Map([...textsOf(driver), ...joined(textsOf(result), result.metafile)]);
	if (clean) rmSync(dist, { recursive: true, force: true });
	mkdirSync(dist, { recursive: true });
	const main = chunks.get("main.js") ?? "";
	if (/^import\b/m.test(main)) throw new Error("main.js must import nothing statically: it has to run on old Nodes");
	for (const { path, contents } of libraries.outputFiles) writeFileSync(join(dist, basename(path)), contents);
	// For people and other programs to read; the program itself has its content in a chunk.
	copyFileSync(join(root, "src/runners/capabilities.json"), join(dist, "capabilities.json"));
	for (const [name, text] of chunks) if (name !== "main.js") writeFileSync(join(dist, name), text);
	// main.js last: a build that fails half-way leaves the one before in force.
	writeFileSync(join(dist, "main.js"), `#!/usr/bin/env node\n${main}`);
	chmodSync(join(dist, "main.js"), 0o755);
}

/** The package that a file below node_modules belongs to. */
function libraryOf(path: string): string {
	return /.*node_modules\/([^/]+)\//.exec(path)?.[1] ?? "";
}

const BUILTIN_IMPORT = new RegExp(`import\\s*([^;"']*?)\\s*from\\s*"${BUILTIN}([a-z_0-9/]+)";?`, "g");

/** Replaces the imports of Node's modules, which esbuild has marked, in one chunk's text. */
function withBuiltins(chunk: string): string {
	const text = chunk
		.replace(BUILTIN_IMPORT, (_, clause: string, name: string) => bindings(clause, name))
		.replaceAll(
			new RegExp(`import\\("${BUILTIN}([a-z_0-9/]+)"\\)`, "g"),
			(_, name: string) => `import("node:${name}")`,
		);
	if (text.includes(BUILTIN))
		throw new Error(`an import of one of Node's modules was not understood: ${text.slice(0, 500)}`);
	// esbuild's own `require`, for CommonJS libraries, falls back on one in scope.
	return text.includes("__require=") ? `const require=(name)=>globalThis.process.getBuiltinModule(name);${text}` : text;
}

/** `fs, { readFileSync as read }` of "fs" as const declarations. */
function bindings(clause: string, name: string): string {
	const take = `globalThis.process.getBuiltinModule("node:${name}")`;
	const real = process.getBuiltinModule(name) as Record<string, unknown>;
	const late = !LOADED_ANYWAY.has(name);
	const whole = /^(?:\*\s*as\s+)?([\w$]+)/.exec(clause)?.[1];
	const named = /\{(.*)\}/.exec(clause)?.[1] ?? "";
	const out: string[] = [];
	if (whole !== undefined) out.push(`const ${whole}=${late ? `new Proxy({},{get:(_,key)=>${take}[key]})` : take};`);
	for (const item of named.split(",").filter((word) => word.trim() !== "")) {
		const [from = "", to = from] = item.trim().split(/\s+as\s+/);
		if (from === "performance") {
			// Its only use here is `now`; the module behind the global costs a millisecond to load.
			out.push(`const ${to}={now:()=>globalThis.process.uptime()*1000};`);
			continue;
		}
		// Only functions can be wrapped; a class or a constant is taken at once.
		const wrapped = late && typeof real[from] === "function" && /^[a-z]/.test(from);
		out.push(`const ${to}=${wrapped ? `(...args)=>${take}.${from}(...args)` : `${take}.${from}`};`);
	}
	return out.join("");
}

interface Chunk {
	readonly name: string;
	/** Names of the chunks that it imports statically. */
	readonly needs: readonly string[];
	/** Made only of our own sources, and so are all that it needs. */
	readonly own: boolean;
	/** Number of lazily loaded files that lead to it. */
	readonly wanted: number;
	readonly entry: string | undefined;
}

const OFTEN = 5;
/**
 * Joins chunks that are loaded together anyway: what quick commands share goes into program's file, or into a second one
 * where a library is part of it; what only other commands share goes into two more. A joined chunk is a function that
 * returns its exports, so that names stay apart. This relies on no module exporting a variable that changes, and on no
 * module awaiting at its top level.
 */
function joined(texts: ReadonlyMap<string, string>, { outputs }: Metafile): Map<string, string> {
	const chunks = chunksOf(outputs);
	const program = [...chunks.values()].find(({ entry }) => entry === QUICK[0])?.name ?? "";
	const shared = inOrder(chunks).filter(({ entry }) => entry === undefined);
	const quick = quickChunks(chunks);
	const rooms = { program: [], ledger: [], work: [], more: [] } as Record<string, string[]>;
	for (const { name, own, wanted } of shared) {
		const room = quick.has(name) ? (own ? "program" : "ledger") : own ? "work" : wanted >= OFTEN ? "more" : null;
		if (room !== null) rooms[room]?.push(name);
	}
	const places = new Map<string, string>();
	const all = shared.map(({ name }) => name).join();
	for (const [room, names] of Object.entries(rooms)) {
		// What a joined chunk's exports are called depends on all of them: a build never replaces another one's file.
		const hash = createHash("sha256").update(`${names.join()} ${all}`).digest("hex").slice(0, 8).toUpperCase();
		for (const name of names) places.set(name, room === "program" ? program : `${room}-${hash}.js`);
	}
	// A name that no library has: minified ones are full of `$1` and the like.
	const order = new Map(shared.map(({ name }, index) => [name, `joined$${index}`]));
	const bodies = new Map<string, string>();
	const heads = new Map<string, Set<string>>();
	for (const { name } of shared) {
		const file = places.get(name);
		if (file === undefined) continue;
		const { imports, exports, body } = taken(texts.get(name) ?? "");
		const inside = imports.map(([from, names]) => (places.has(from) ? `const{${names}}=${order.get(from)};` : ""));
		const foreign = heads.get(file) ?? new Set();
		heads.set(file, foreign);
		for (const [from, names] of imports) {
			if (!places.has(from)) throw new Error(`${name} is joined, ${from}, which it needs, is not`);
			if (places.get(from) !== file && names !== "")
				foreign.add(`import{${order.get(from)}}from"./${places.get(from)}";`);
		}
		const whole = `export const ${order.get(name)}=(()=>{${inside.join("")}${body}return{${exports}}})();\n`;
		bodies.set(file, (bodies.get(file) ?? "") + whole);
	}
	const result = new Map<string, string>();
	for (const [name, text] of texts) {
		if (places.has(name)) continue;
		const own = text.replace(STATIC_IMPORT, (whole, names: string | undefined, from: string) => {
			const file = places.get(from);
			if (file === undefined) return whole;
			if (names === undefined) return "";
			const variable = order.get(from) ?? "";
			const load = file === name ? "" : `import{${variable}}from"./${file}";`;
			return `${load}const{${renamed(names)}}=${variable};`;
		});
		result.set(name, (bodies.get(name) ?? "") + own);
	}
	for (const [file, body] of bodies) {
		if (file !== program) result.set(file, [...(heads.get(file) ?? []), body].join(""));
	}
	return withoutFacades(result);
}

const FACADE = /^import\{(joined\$\d+)\}from"(\.\/[\w.-]+)";const\{([\w$,]+)\}=\1;export\{\3\};?\s*$/;

/** A lazily loaded file that only passes on what a joined chunk holds is left out: whoever loads it gets the chunk. */
function withoutFacades(files: ReadonlyMap<string, string>): Map<string, string> {
	const behind = new Map<string, string>();
	for (const [name, text] of files) {
		const [, chunk, file] = FACADE.exec(text) ?? [];
		if (file !== undefined) behind.set(name, `import("${file}").then((file)=>file.${chunk})`);
	}
	const direct = (text: string) =>
		text.replace(/import\("\.\/([\w.-]+)"\)/g, (whole, name: string) => behind.get(name) ?? whole);
	return new Map([...files].filter(([name]) => !behind.has(name)).map(([name, text]) => [name, direct(text)]));
}

/** The chunks that quick commands load, at once or through those. */
function quickChunks(chunks: ReadonlyMap<string, Chunk>): ReadonlySet<string> {
	const quick = new Set<string>();
	const visit = (chunk: Chunk | undefined) => {
		if (chunk === undefined || quick.has(chunk.name)) return;
		quick.add(chunk.name);
		for (const name of chunk.needs) visit(chunks.get(name));
	};
	for (const chunk of chunks.values()) if (QUICK.includes(chunk.entry ?? "")) visit(chunk);
	return quick;
}

const STATIC_IMPORT = /import(?:\{([^}]*)\}from)?"\.\/([\w.-]+)";/g;
const FINAL_EXPORT = /export\{([^}]*)\};?\s*$/;

/** The imports, exports and the rest of a chunk's text. */
function taken(text: string) {
	const imports = [...text.matchAll(STATIC_IMPORT)].map(([, names = "", from = ""]) => [from, renamed(names)] as const);
	const exports = (FINAL_EXPORT.exec(text)?.[1] ?? "")
		.split(",")
		.map((item) => item.split(" as ").reverse().join(":"))
		.join(",");
	const body = text.replace(STATIC_IMPORT, "").replace(FINAL_EXPORT, "");
	if (/(^|;|\})(import[{"*]|export[{ ])/.test(body))
		throw new Error(`a chunk was not understood: ${body.slice(0, 200)}`);
	return { imports, exports, body };
}

function renamed(names: string): string {
	return names.replaceAll(" as ", ":");
}

function chunksOf(outputs: Metafile["outputs"]): ReadonlyMap<string, Chunk> {
	const all = Object.entries(outputs).map(([path, output]) => ({ name: basename(path), output }));
	const needs = new Map(
		all.map(({ name, output }) => [
			name,
			output.imports
				.filter((one) => one.kind === "import-statement" && !one.external)
				.map(({ path }) => basename(path)),
		]),
	);
	const closure = (name: string, seen = new Set<string>()): Set<string> => {
		if (seen.has(name)) return seen;
		seen.add(name);
		for (const next of needs.get(name) ?? []) closure(next, seen);
		return seen;
	};
	const plain = new Set(all.filter(({ output }) => isOwn(Object.keys(output.inputs))).map(({ name }) => name));
	const entries = all.filter(({ output }) => output.entryPoint !== undefined).map(({ name }) => closure(name));
	return new Map(
		all.map(({ name, output }) => [
			name,
			{
				name,
				needs: needs.get(name) ?? [],
				own: [...closure(name)].every((part) => plain.has(part)),
				wanted: entries.filter((entry) => entry.has(name)).length,
				entry: output.entryPoint,
			},
		]),
	);
}

function isOwn(inputs: readonly string[]): boolean {
	return inputs.every((input) => input.startsWith("src/"));
}

/** Each chunk after those that it needs. */
function inOrder(chunks: ReadonlyMap<string, Chunk>): readonly Chunk[] {
	const sorted = new Set<Chunk>();
	const visit = (chunk: Chunk | undefined) => {
		if (chunk === undefined || sorted.has(chunk)) return;
		for (const name of chunk.needs) visit(chunks.get(name));
		sorted.add(chunk);
	};
	for (const chunk of chunks.values()) visit(chunk);
	return [...sorted];
}

/** Builds when a source is newer than dist/main.js; for the tests, which may run several at once. */
export async function buildIfStale(): Promise<void> {
	const built = statSync(join(dist, "main.js"), { throwIfNoEntry: false })?.mtimeMs ?? 0;
	const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).map((name) =>
		join("src", name),
	);
	const newest = [...sources, "build.ts", "package-lock.json"].map((name) => statSync(join(root, name)).mtimeMs);
	if (Math.max(...newest) > built) await buildDist(false);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildDist(true);
