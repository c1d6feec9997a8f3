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

/** The line where `section.key` is written, as far as a plain look at the text can tell; else null. */
export function lineOfKey(text: string, section: string, key?: string): number | null {
	let current = "";
	let sectionLine: number | null = null;
	for (const [index, line] of text.split("\n").entries()) {
		const header = /^\s*\[\s*([\w.-]{1,200})\s*\]/.exec(line)?.[1];
		const name = /^\s*([\w.-]{1,200})\s*=/.exec(line)?.[1];
		const full = header ?? (name === undefined ? null : current === "" ? name : `${current}.${name}`);
		current = header ?? current;
		if (key !== undefined && full === `${section}.${key}`) {
			return index + 1;
		}
		if (full === section || full?.startsWith(`${section}.`)) {
			sectionLine ??= index + 1;
		}
	}
	return sectionLine;
}
