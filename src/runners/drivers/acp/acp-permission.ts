// Who answers when an agent asks whether it may do something: the task's permission where that is clear, else a person; pure.
//
//   tool                                   read-only   edit     full
//   read, search, think                    yes         yes      yes     (of files outside the folder: asked, asked, yes)
//   edit, delete, move, all paths inside   no          yes      yes
//   edit, delete, move, elsewhere          no          asked    yes
//   execute                                no          asked    yes
//   fetch and others                       asked       asked    yes
//   a change of the agent's own mode       no          asked    yes
//
// Invariant: a yes is for this once: what an agent would remember for ever is only chosen by a person.

import type { RunnerPermission } from "../../runner.ts";
import type { KnownTool } from "./acp-updates.ts";

export interface PermissionOption {
	readonly optionId: string;
	readonly name: string;
	/** allow_once, allow_always, reject_once, reject_always. */
	readonly kind: string;
}

export type PermissionAnswer = { readonly optionId: string } | "ask" | "refuse";

type Will = "yes" | "no" | "ask";

/** `isInside` says whether a path is in the folder that the agent works in. */
export function answerFor(
	permission: RunnerPermission,
	tool: Pick<KnownTool, "kind" | "paths"> | null,
	options: readonly PermissionOption[],
	isInside: (path: string) => boolean,
): PermissionAnswer {
	const will = willFor(permission, tool, isInside);
	const kinds = will === "yes" ? ["allow_once", "allow_always"] : ["reject_once", "reject_always"];
	if (will === "ask") return "ask";
	const found = kinds.flatMap((kind) => options.find((option) => option.kind === kind) ?? [])[0];
	// Nobody but a person takes a choice that was not offered as what it is.
	return found === undefined ? (will === "yes" ? "ask" : "refuse") : { optionId: found.optionId };
}

function willFor(
	permission: RunnerPermission,
	tool: Pick<KnownTool, "kind" | "paths"> | null,
	isInside: (path: string) => boolean,
): Will {
	if (permission === "full") return "yes";
	const { kind, paths } = tool ?? { kind: "other", paths: [] };
	const mayChange = permission === "edit";
	switch (kind) {
		case "read":
		case "search":
		case "think":
			return paths.every(isInside) ? "yes" : "ask";
		case "edit":
		case "delete":
		case "move":
			if (!mayChange) return "no";
			return paths.length > 0 && paths.every(isInside) ? "yes" : "ask";
		case "execute":
		case "switch_mode":
			return mayChange ? "ask" : "no";
		default:
			return "ask";
	}
}

/** The answers that a person can give: the options' names, or their ids where two have one name. */
export function choicesOf(options: readonly PermissionOption[]): string[] {
	const names = options.map(({ name }) => name);
	return new Set(names).size === names.length ? names : options.map(({ optionId }) => optionId);
}

/** The option that a person's answer means: a name, an id, or a number from 1; null = none of them. */
export function optionNamed(options: readonly PermissionOption[], answer: string): PermissionOption | null {
	const wanted = answer.trim().toLowerCase();
	const named = options.filter(({ name }) => name.trim().toLowerCase() === wanted);
	if (named.length === 1) return named[0] as PermissionOption;
	const byId = options.find(({ optionId }) => optionId.toLowerCase() === wanted);
	return byId ?? (/^[1-9]\d?$/.test(wanted) ? (options[Number(wanted) - 1] ?? null) : null);
}
