// Builds dist/: one small main.js and chunks that are loaded when a command needs them.
// Invariant: starting up loads no part of Node that the command does not use. Three things see to that: dynamic imports
// become chunks, Node's own modules are taken by process.getBuiltinModule (an `import` of node:fs, node:process or
// node:util builds an export list and thereby reads every lazy getter, 2 to 5 ms each), and the two slow ones are
// taken at their first call.

import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, "dist");
const BUILTIN = "node-builtin:";
const TAKEN_AT_FIRST_CALL = new Set(["child_process", "crypto"]);

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

/** Builds dist/. With `clean`, what was there before is removed; without, chunks of the build before stay loadable. */
async function buildDist(clean: boolean): Promise<void> {
	const result = await build({
		entryPoints: [join(root, "src/main.ts")],
		outdir: dist,
		bundle: true,
		splitting: true,
		format: "esm",
		platform: "node",
		target: "node22",
		mainFields: ["module", "main"],
		minifyWhitespace: true,
		minifySyntax: true,
		legalComments: "none",
		chunkNames: "[name]-[hash]",
		plugins: [builtins, withoutJsYaml, ownVersion],
		logLevel: "warning",
		write: false,
	});
	if (clean) rmSync(dist, { recursive: true, force: true });
	mkdirSync(dist, { recursive: true });
	const files = result.outputFiles.map(({ path, text }) => ({ path, name: basename(path), text: withBuiltins(text) }));
	// main.js last: a build that fails half-way leaves the one before in force.
	for (const { path, name, text } of files.sort(
		(a, b) => Number(a.name === "main.js") - Number(b.name === "main.js"),
	)) {
		writeFileSync(path, name === "main.js" ? `#!/usr/bin/env node\n${text}` : text);
	}
	chmodSync(join(dist, "main.js"), 0o755);
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
	const late = TAKEN_AT_FIRST_CALL.has(name);
	const whole = /^(?:\*\s*as\s+)?([\w$]+)/.exec(clause)?.[1];
	const named = /\{(.*)\}/.exec(clause)?.[1] ?? "";
	const out: string[] = [];
	if (whole !== undefined) out.push(`const ${whole}=${late ? `new Proxy({},{get:(_,key)=>${take}[key]})` : take};`);
	for (const item of named.split(",").filter((word) => word.trim() !== "")) {
		const [from = "", to = from] = item.trim().split(/\s+as\s+/);
		// Only functions can be wrapped; a class or a constant is taken at once.
		const isFunction = late && /^[a-z]/.test(from);
		out.push(`const ${to}=${isFunction ? `(...args)=>${take}.${from}(...args)` : `${take}.${from}`};`);
	}
	return out.join("");
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
