// What msgcode asks of a session before its prompt: the model that the task wants, and a mode that fits its permission; pure.
// Invariant: only what the agent offers is asked for.

import type { SessionFacts } from "./acp-connection.ts";

/** How to ask for it: an option of the session, or one of its modes. */
export type SessionChoice =
	| { readonly by: "option"; readonly configId: string; readonly value: string }
	| { readonly by: "mode"; readonly value: string };

/** The words that agents have for "look, but change nothing". */
const READ_ONLY_MODES = ["read-only", "readonly", "read_only", "plan", "ask"];

/** `value` is null where the agent's own choice stands; null altogether where the agent does not offer the model. */
export function modelChoice(
	{ configOptions }: SessionFacts,
	wanted: string | null | undefined,
): { readonly value: string | null; readonly choice: SessionChoice | null } | null {
	if (wanted == null || wanted === "" || wanted === "auto") return { value: null, choice: null };
	const option = selectOf(configOptions, "model");
	const model = option?.values.find(({ value, name }) => value === wanted || name === wanted);
	if (option === undefined || model === undefined) return null;
	const { value } = model;
	return { value, choice: value === option.current ? null : { by: "option", configId: option.id, value } };
}

/** The agent's own mode that only looks; "none" where it has no such mode, null where it is in it. */
export function readOnlyChoice({ configOptions, modes }: SessionFacts): SessionChoice | "none" | null {
	const option = selectOf(configOptions, "mode");
	const offered = option?.values.map(({ value }) => value) ?? modes?.availableModes.map(({ id }) => id) ?? [];
	const value = READ_ONLY_MODES.flatMap((word) => offered.find((id) => id.toLowerCase() === word) ?? [])[0];
	if (value === undefined) return "none";
	if (value === (option?.current ?? modes?.currentModeId)) return null;
	return option === undefined ? { by: "mode", value } : { by: "option", configId: option.id, value };
}

function selectOf(options: SessionFacts["configOptions"], category: string) {
	const option = options?.find((one) => one.category === category && one.type === "select");
	if (option?.type !== "select") return undefined;
	const values = option.options.flatMap((entry) => ("value" in entry ? [entry] : entry.options));
	return { id: option.id, current: option.currentValue, values };
}
