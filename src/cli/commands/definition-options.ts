// The flags of `task add` and `task edit`, made from the ledger's table of front matter keys, so that none can be missing.

import { type DefinitionKey, definitionKeys, runnerFlags } from "../../ledger/task/definition-keys.ts";
import type { Flag } from "../declaration.ts";

const VALUE_NAMES: Readonly<Record<DefinitionKey["kind"], string>> = {
	string: "text",
	integer: "number",
	boolean: "",
	list: "value",
	object: "key=value",
	duration: "duration",
	time: "time",
};

/** One flag for each key; the runner's parts have one each. Lists and objects come as string[], switches as booleans. */
export const definitionFlags: readonly Flag[] = definitionKeys.flatMap((row) => {
	if (row.key === "runner") {
		return runnerFlags.map(({ flag, field, help }) => {
			const many = field === "env";
			return { flag: `${flag} <${many ? "NAME=value" : field}>`, help: phrase(help), many };
		});
	}
	return flagsOfKey(row);
});

function flagsOfKey({ flag, kind, help }: DefinitionKey): readonly Flag[] {
	if (kind === "boolean") {
		return [
			{ flag, help: phrase(help) },
			{ flag: `--no-${flag.slice(2)}`, help: `the opposite of ${flag}` },
		];
	}
	const many = kind === "list" || kind === "object";
	return [
		{ flag: `${flag} <${VALUE_NAMES[kind]}>`, help: many ? `${phrase(help)}; may be repeated` : phrase(help), many },
	];
}

/** The table's sentences, as help writes them: with a small first letter. */
function phrase(help: string): string {
	return /^[A-Z](?![A-Z])/.test(help) ? help.charAt(0).toLowerCase() + help.slice(1) : help;
}
