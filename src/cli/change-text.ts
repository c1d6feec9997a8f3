// How one changed field of a task reads in a terminal.

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
	return truncate(visible(typeof raw === "string" ? raw : JSON.stringify(raw)), VALUE_WIDTH);
}
