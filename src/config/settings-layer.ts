// One layer of settings, checked: raw data from a file, the environment or flags becomes values by key.
// A key that nobody knows is a warning (a newer version may know it); a value that does not fit is an error.

import type * as z from "zod/mini";
import { execDeclarationSchema, isExecDeclarationKey } from "./exec-declaration.ts";
import { type SettingPlace, settingsInvalid } from "./settings-error.ts";
import { RUNNER_ID, settingsShape } from "./settings-schema.ts";

export interface SettingsWarning {
	readonly code: "setting_unknown";
	readonly file: string;
	readonly line: number | null;
	readonly message: string;
}

/** Where a key of this layer stands, for messages. */
export type Locate = (section: string, key?: string) => SettingPlace;

export interface CheckedLayer {
	/** `section.key` (or `runners.<id>`) → value. */
	readonly values: ReadonlyMap<string, unknown>;
	readonly warnings: readonly SettingsWarning[];
}

/** A file that holds something else altogether is not told line by line. */
const MOST_WARNINGS = 20;

interface Row {
	readonly schema: z.ZodMiniType;
	readonly expects: string;
}

/** Checks the tables of one layer. Throws settings_invalid naming the place and the key. */
export function checkLayer(raw: Readonly<Record<string, unknown>>, locate: Locate): CheckedLayer {
	const values = new Map<string, unknown>();
	const warnings: SettingsWarning[] = [];
	const warn = (section: string, key?: string) => {
		if (warnings.length >= MOST_WARNINGS) {
			return;
		}
		const { where, line = null } = locate(section, key);
		const name = key === undefined ? section : `${section}.${key}`;
		warnings.push({ code: "setting_unknown", file: where, line, message: `No setting is called ${name}; ignored.` });
	};
	for (const [section, table] of Object.entries(raw)) {
		const shape: Readonly<Record<string, Row>> | null = Object.hasOwn(settingsShape, section)
			? settingsShape[section as keyof typeof settingsShape]
			: null;
		if (shape === null && section !== "runners") {
			warn(section);
			continue;
		}
		if (!isTable(table)) {
			throw settingsInvalid({ ...locate(section), key: section }, "must be a table.");
		}
		for (const [key, value] of Object.entries(table)) {
			const place = { ...locate(section, key), key: `${section}.${key}` };
			if (shape === null) {
				values.set(`runners.${key}`, checkDeclaration(key, value, place));
				for (const unknown of Object.keys(value as object).filter((name) => !isExecDeclarationKey(name))) {
					warn(`runners.${key}`, unknown);
				}
				continue;
			}
			const row = Object.hasOwn(shape, key) ? shape[key] : undefined;
			if (row === undefined) {
				warn(section, key);
				continue;
			}
			const result = row.schema.safeParse(value);
			if (!result.success) {
				throw settingsInvalid(place, `${row.expects}, not ${show(value)}.`);
			}
			values.set(`${section}.${key}`, result.data);
		}
	}
	return { values, warnings };
}

function checkDeclaration(id: string, value: unknown, place: SettingPlace): unknown {
	if (!RUNNER_ID.test(id)) {
		throw settingsInvalid(place, "is no id for a runner: use lower-case letters, digits and hyphens.");
	}
	const result = execDeclarationSchema().safeParse(value);
	if (!result.success) {
		const path = result.error.issues[0]?.path.join(".") ?? "";
		const key = path === "" ? `runners.${id}` : `runners.${id}.${path}`;
		throw settingsInvalid(
			{ ...place, key },
			'does not fit: a runner is a table with argv = ["program", …] and optionally title, stdin ("prompt", "text" or "none"), env (a table of texts), passEnv (names of variables), requires (a table with binaries) and success ("exit_code", or a table with exit_codes or jsonLine).',
		);
	}
	return result.data;
}

function isTable(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function show(value: unknown): string {
	const text = JSON.stringify(value) ?? String(value);
	return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
