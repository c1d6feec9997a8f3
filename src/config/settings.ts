// The effective settings: layers from weak to strong (defaults, msgcode.toml, environment, flags), each key with the
// layer that gave it. Where no layer beyond the defaults says anything, neither TOML nor schema library is loaded.

import { MsgcodeError } from "../core/errors.ts";
import { containedPath, readFileIfThere } from "../core/files.ts";
import { type Environment, settingVariables } from "./environment.ts";
import { settingsInvalid } from "./settings-error.ts";
import type { CheckedLayer, Locate, SettingsWarning } from "./settings-layer.ts";
import type { Settings } from "./settings-schema.ts";

export type { SettingsWarning } from "./settings-layer.ts";
export type { Settings } from "./settings-schema.ts";

export const SETTINGS_FILE = "msgcode.toml";
const MAX_FILE_BYTES = 256 * 1024;

export const defaultSettings: Settings = {
	ledger: { commit: "auto", lock_timeout: 10_000, sign: false, events: "local", archive_after: 30 * 86_400_000 },
	runner: { default: null, sandbox: "off", model_root: null, session_timeout: 3_600_000 },
	run: { timeout: 15 * 60_000, idle_timeout: null },
	workspace: { default: null },
	env: { allow: [] },
	runners: {},
};

/** From weak to strong. The user's own file and local state come between default and workspace, and after it. */
export type SettingSource = "default" | "workspace" | "environment" | "flag";

/** Values by `section.key`, as flags give them: text is read the way the environment's is. */
export type SettingOverrides = Readonly<Record<string, unknown>>;

export interface LoadedSettings {
	readonly settings: Settings;
	/** `section.key` or `runners.<id>` → the layer that gave its value. */
	readonly sources: Readonly<Record<string, SettingSource>>;
	readonly warnings: readonly SettingsWarning[];
}

interface Layer {
	readonly source: SettingSource;
	readonly raw: Readonly<Record<string, unknown>>;
	readonly locate: Locate;
}

/**
 * Reads every layer. `workspaceRoot` may be null where there is no workspace yet. Throws settings_invalid naming the
 * file and line, variable or flag, and the key.
 */
export async function loadSettings(
	workspaceRoot: string | null,
	env: Environment,
	overrides: SettingOverrides = {},
): Promise<LoadedSettings> {
	const layers = [
		workspaceRoot === null ? null : await workspaceLayer(workspaceRoot),
		environmentLayer(env),
		flagLayer(overrides),
	].filter((layer) => layer !== null);
	const checked: { source: SettingSource; layer: CheckedLayer }[] = [];
	if (layers.length > 0) {
		const { checkLayer } = await import("./settings-layer.ts");
		for (const { source, raw, locate } of layers) {
			checked.push({ source, layer: checkLayer(raw, locate) });
		}
	}
	return combine(checked);
}

async function workspaceLayer(root: string): Promise<Layer | null> {
	const content = readSettingsFile(root);
	if (content === null) {
		return null;
	}
	const { where, text } = content;
	const { linesOfKeys, parseToml } = await import("./toml.ts");
	const raw = parseToml(text, where);
	const lines = linesOfKeys(text);
	const locate: Locate = (section, key) => ({
		where,
		line: lines.get(`${section}.${key}`) ?? lines.get(section) ?? null,
	});
	return { source: "workspace", raw, locate };
}

function readSettingsFile(root: string): { where: string; text: string } | null {
	let where = SETTINGS_FILE;
	try {
		where = containedPath(root, SETTINGS_FILE);
		const bytes = readFileIfThere(where, { maxBytes: MAX_FILE_BYTES });
		return bytes === null ? null : { where, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
	} catch (cause) {
		if (cause instanceof TypeError) {
			throw settingsInvalid({ where }, "is not UTF-8 text.", cause);
		}
		if (cause instanceof MsgcodeError && ["limit_exceeded", "path_outside"].includes(cause.code)) {
			throw settingsInvalid({ where: `${root}/${SETTINGS_FILE}` }, `cannot be used: ${cause.message}`, cause);
		}
		throw cause;
	}
}

function environmentLayer(env: Environment): Layer | null {
	const given = settingVariables().flatMap(({ name, setting }) => {
		const text = env[name];
		return text === undefined || text === "" ? [] : [{ name, setting, text }];
	});
	const raw = nest(given.map(({ setting, text }) => [setting, fromText(setting, text)]));
	const locate: Locate = (section, key) => ({
		where: given.find(({ setting }) => setting === `${section}.${key}`)?.name ?? "the environment",
	});
	return given.length === 0 ? null : { source: "environment", raw, locate };
}

function flagLayer(overrides: SettingOverrides): Layer | null {
	const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
	const raw = nest(given.map(([key, value]) => [key, typeof value === "string" ? fromText(key, value) : value]));
	return given.length === 0 ? null : { source: "flag", raw, locate: () => ({ where: "a flag" }) };
}

const YES = ["true", "yes", "on", "1"];
const NO = ["false", "no", "off", "0"];

/** Text becomes what the key's default is: a boolean, a list, or text. What does not fit is refused by the schema. */
function fromText(key: string, text: string): unknown {
	const standard = valuesOf(defaultSettings).get(key);
	if (Array.isArray(standard)) {
		return text.split(",").flatMap((item) => (item.trim() === "" ? [] : [item.trim()]));
	}
	if (typeof standard === "boolean") {
		const word = text.toLowerCase();
		return YES.includes(word) ? true : NO.includes(word) ? false : text;
	}
	return text;
}

function combine(checked: readonly { source: SettingSource; layer: CheckedLayer }[]): LoadedSettings {
	const values = valuesOf(defaultSettings);
	const sources = new Map<string, SettingSource>([...values.keys()].map((key) => [key, "default"]));
	const warnings: SettingsWarning[] = [];
	for (const { source, layer } of checked) {
		for (const [key, value] of layer.values) {
			values.set(key, value);
			sources.set(key, source);
		}
		warnings.push(...layer.warnings);
	}
	const settings = { runners: {}, ...nest([...values]) } as unknown as Settings;
	return { settings, sources: Object.fromEntries(sources), warnings };
}

function valuesOf(settings: Settings): Map<string, unknown> {
	const sections: [string, Readonly<Record<string, unknown>>][] = Object.entries(settings);
	return new Map(
		sections.flatMap(([section, table]) =>
			Object.entries(table).map(([key, value]): [string, unknown] => [`${section}.${key}`, value]),
		),
	);
}

/** `section.key` pairs as a table of tables. */
function nest(pairs: readonly (readonly [string, unknown])[]): Record<string, Record<string, unknown>> {
	const tables = new Map<string, [string, unknown][]>();
	for (const [path, value] of pairs) {
		const dot = path.indexOf(".");
		const section = path.slice(0, dot);
		tables.set(section, [...(tables.get(section) ?? []), [path.slice(dot + 1), value]]);
	}
	return Object.fromEntries([...tables].map(([section, entries]) => [section, Object.fromEntries(entries)]));
}
