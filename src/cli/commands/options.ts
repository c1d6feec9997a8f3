// Flags that several commands share, worded once, and the readers of their values.
// Invariant: a value that cannot be meant is refused here, before the command is loaded.

import { MsgcodeError } from "../../core/errors.ts";
import type { Flag } from "../declaration.ts";

/** A count: a whole number from 1 on. */
export function count(value: string): number {
	if (!/^[1-9]\d{0,8}$/.test(value)) {
		throw new MsgcodeError("usage", `${JSON.stringify(value)} is not a count.`, {
			hint: "Give a whole number from 1 on.",
		});
	}
	return Number(value);
}

/** Accepts one of `values` and nothing else. */
export function oneOf(...values: readonly string[]): (value: string) => string {
	return (value) => {
		if (values.includes(value)) return value;
		throw new MsgcodeError("usage", `${JSON.stringify(value)} is not possible there.`, {
			hint: `Give one of ${values.join(", ")}.`,
		});
	};
}

/** The flags of a list: `limit` (number) and `format`. */
export const listFlags: readonly Flag[] = [
	{ flag: "--limit <count>", help: "show at most this many", read: count },
	{ flag: "--format <form>", help: "table, json or plain", read: oneOf("table", "json", "plain") },
];

/** The filters of a list of tasks: `status` and `label` (string[] each). */
export const taskFilters: readonly Flag[] = [
	{ flag: "--status <status>", help: "only this status; may be repeated", many: true },
	{ flag: "--label <label>", help: "only with this label; may be repeated", many: true },
];

export const runFlag: Flag = { flag: "--run <run>", help: "this run instead of the last one" };
export const reasonFlag: Flag = { flag: "--reason <text>", help: "why" };

export const atFlag: Flag = {
	flag: "--at <rev>",
	help: "as it was in a commit, or on this branch at a time such as '2 weeks ago'",
};
