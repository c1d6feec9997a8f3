// The one door to smol-toml. Text of unknown origin becomes plain data, or an error that names the line.

import { parse, TomlError } from "smol-toml";
import { settingsInvalid } from "./settings-error.ts";

/** The tables of a TOML file. Throws settings_invalid with the line. */
export function parseToml(text: string, file: string): Record<string, unknown> {
	const nul = text.indexOf("\0");
	if (nul >= 0) {
		throw settingsInvalid({ where: file, line: text.slice(0, nul).split("\n").length }, "holds a NUL byte.");
	}
	try {
		return parse(text.startsWith("\uFEFF") ? text.slice(1) : text, { maxDepth: 20 });
	} catch (cause) {
		if (!(cause instanceof TomlError)) {
			throw cause;
		}
		const [problem = ""] = cause.message.replace(/^Invalid TOML document: /, "").split("\n");
		throw settingsInvalid({ where: file, line: cause.line }, `not valid TOML: ${problem}.`, cause);
	}
}

/**
 * The line (from 1) where each key and each section is written first, as far as a plain look at the text can tell:
 * `run` → 3, `run.timeout` → 4. One pass, however many keys are asked for.
 */
export function linesOfKeys(text: string): ReadonlyMap<string, number> {
	const lines = new Map<string, number>();
	let table = "";
	for (const [index, line] of text.split("\n").entries()) {
		const header = /^\s*\[\[?\s*([\w.-]{1,200})\s*\]/.exec(line)?.[1];
		const name = /^\s*([\w.-]{1,200})\s*=/.exec(line)?.[1];
		table = header ?? table;
		const key = header ?? (name === undefined ? "" : table === "" ? name : `${table}.${name}`);
		for (let end = key.length; end > 0; end = key.lastIndexOf(".", end - 1)) {
			const known = key.slice(0, end);
			if (!lines.has(known)) {
				lines.set(known, index + 1);
			}
		}
	}
	return lines;
}
