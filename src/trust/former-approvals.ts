// What a person allowed a task to execute here before: consulted only when a command brings an earlier state back.
// Invariant: pure; what nobody approved on this machine is never known, and what differs by a word is not the same.

export interface FormerApproval {
	/** Canonical, as executableSpec gives it. */
	readonly spec: Readonly<Record<string, unknown>>;
	/** Digest of the prompt. */
	readonly prompt: string;
}

/** How many are kept of a task. */
const LIMIT = 50;

/** What a file says of them; anything of another shape is left out. */
export function formerApprovals(value: unknown): FormerApproval[] {
	return Array.isArray(value) ? value.filter(isFormer) : [];
}

/** The approvals to be kept beside the one that is given now: each once, the newest first. */
export function withoutThis(approvals: readonly FormerApproval[], now: FormerApproval): FormerApproval[] {
	const others = new Map(approvals.map((one) => [textOf(one), one]));
	others.delete(textOf(now));
	return [...others.values()].slice(0, LIMIT);
}

/**
 * Whether all that would be executed was approved before: as a whole, or, with `inParts`, each part of it (runner, checks,
 * schedule …) in one of the approvals. `prompt` tells the same of the prompt.
 */
export function wasApproved(
	approvals: readonly FormerApproval[],
	current: FormerApproval,
	options: { readonly inParts: boolean },
): { readonly command: boolean; readonly prompt: boolean } {
	const text = (value: unknown) => JSON.stringify(value ?? null);
	const whole = approvals.filter(({ spec }) => text(spec) === text(current.spec));
	if (whole.length > 0) return { command: true, prompt: whole.some(({ prompt }) => prompt === current.prompt) };
	const parts = new Set([current, ...approvals].flatMap(({ spec }) => Object.keys(spec)));
	const isKnown = (part: string) => approvals.some(({ spec }) => text(spec[part]) === text(current.spec[part]));
	const command = options.inParts && approvals.length > 0 && [...parts].every(isKnown);
	return { command, prompt: approvals.some(({ prompt }) => prompt === current.prompt) };
}

function textOf({ spec, prompt }: FormerApproval): string {
	return JSON.stringify([spec, prompt]);
}

function isFormer(value: unknown): value is FormerApproval {
	const former = value as Partial<FormerApproval> | null;
	return typeof former?.prompt === "string" && typeof former.spec === "object" && former.spec !== null;
}
