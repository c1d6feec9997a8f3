// How a setting that is not valid is told: where it stands (file and line, variable or flag), which key, what it must be.

import { MsgcodeError } from "../core/errors.ts";

export interface SettingPlace {
	/** The file's path, the variable's name, or `a flag`. */
	readonly where: string;
	/** From 1; null where there are no lines, or it could not be found. */
	readonly line?: number | null;
	readonly key?: string;
}

export function settingsInvalid(place: SettingPlace, problem: string, cause?: unknown): MsgcodeError {
	const line = place.line ?? null;
	const at = line === null ? place.where : `${place.where}:${line}`;
	const key = place.key === undefined ? "" : ` ${place.key}`;
	return new MsgcodeError("settings_invalid", `${at}:${key} ${problem}`, {
		hint: "README.md, Settings, lists every key with its values.",
		details: { file: place.where, line, key: place.key ?? null },
		cause,
	});
}
