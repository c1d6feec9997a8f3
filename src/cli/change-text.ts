// How one changed field of a task reads in a terminal.

import { dateable, isoTime } from "../core/clock.ts";
import type { FieldChange } from "../ledger/history/task-changes.ts";
import { LIVE } from "../ledger/paths.ts";
import type { Style } from "./color.ts";
import { truncate, visible } from "./terminal-text.ts";

const VALUE_WIDTH = 60;

/** One changed field as a person reads it: `status open → done`. */
export function changeText({ field, from, to, insertions, deletions }: FieldChange, style: Style): string {
	const name = style.dim(visible(field));
	if (field === "home") return to === LIVE ? style.green("brought home") : `${style.dim("archived to")} ${value(to)}`;
	if (insertions !== undefined) {
		return `${name} ${style.green(`+${insertions}`)} ${style.red(`-${deletions ?? 0}`)} lines`;
	}
	if (from === null) return `${name} ${style.green(value(to))}`;
	if (to === null) return `${name} ${style.red(value(from))} → none`;
	return `${name} ${style.red(value(from))} → ${style.green(value(to))}`;
}

function value(raw: unknown): string {
	return truncate(visible(typeof raw === "string" ? raw : (ending(raw) ?? JSON.stringify(raw))), VALUE_WIDTH);
}

/** What a record says of a closing, a block or a removal: `2026-01-02 03:04 (too early)`. null for anything else. */
function ending(raw: unknown): string | null {
	if (typeof raw !== "object" || raw === null) return null;
	const { atMs, reason = null, evidence = null, ...others } = raw as Readonly<Record<string, unknown>>;
	const isPlain = evidence === null && Object.keys(others).length === 0;
	const isTime = typeof atMs === "number" && Number.isSafeInteger(atMs) && atMs === dateable(atMs);
	if (!isTime || !isPlain || !(reason === null || typeof reason === "string")) return null;
	const when = isoTime(atMs).slice(0, 16).replace("T", " ");
	return reason === null ? when : `${when} (${reason})`;
}
