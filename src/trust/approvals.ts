// What a person has allowed a task to execute on this machine. Only an exact match counts: anything unreadable, unknown
// or different is "held", so a file that was pulled never executes by itself.

import { dirname, join } from "node:path";
import { MsgcodeError } from "../core/errors.ts";
import { readFileIfThere, replaceFile } from "../core/files.ts";
import { digest, isTaskId } from "../core/ids.ts";
import { type FormerApproval, formerApprovals, withoutThis } from "./former-approvals.ts";

/** Everything of a resolved task that decides what is executed. Absent and undefined are the same. */
export interface Executable {
	readonly runner: {
		readonly kind: string;
		readonly argv?: readonly string[] | undefined;
		readonly env?: Readonly<Record<string, string>> | undefined;
		/** Names of the user's environment variables that it gets beyond the standard ones. */
		readonly envAllow?: readonly string[] | undefined;
		readonly script?: string | undefined;
		readonly shell?: string | undefined;
		/** Where standard input comes from: `prompt`, `none`, or the text. */
		readonly stdin?: string | undefined;
		/** What it is told otherwise than by its arguments: permission, route, session … */
		readonly told?: Readonly<Record<string, unknown>> | undefined;
		/** The folder that {MODEL_ROOT} stands for. */
		readonly modelRoot?: string | undefined;
		/** What encloses it; undefined = nothing. */
		readonly sandbox?: string | undefined;
		/** Where it runs; undefined = in a worktree of its own. */
		readonly place?: "checkout" | undefined;
	};
	readonly checks?: readonly (string | readonly string[])[] | undefined;
	readonly schedule?: unknown;
	readonly probe?: readonly string[] | undefined;
}

export type SpecValue = string | number | boolean | null | readonly SpecValue[] | { readonly [key: string]: SpecValue };

/** Plain data with sorted keys. */
export type Spec = { readonly [key: string]: SpecValue };

export interface Approval {
	readonly schemaVersion: 1;
	readonly command: { readonly digest: string; readonly spec: Spec };
	readonly prompt: { readonly digest: string };
	/** What the command was resolved from. It permits nothing; see standsAsApproved. */
	readonly inputs?: Spec;
	/** What was approved before, newest first. It permits nothing by itself; see wasApproved. */
	readonly former?: readonly FormerApproval[];
	readonly atMs: number;
}

/** Digests (`sha256:…`) of what would be executed now. */
export interface CurrentDigests {
	readonly command: string;
	readonly prompt: string;
}

export type Verdict =
	| { readonly verdict: "approved" }
	| { readonly verdict: "held"; readonly reason: "never approved" | "command changed" | "prompt changed" };

/** The executable part in canonical form, and its digest. Equal meaning gives equal digests, whatever the key order. */
export function executableSpec(executable: Executable): { readonly spec: Spec; readonly digest: string } {
	const spec = canonical(executable, 0) as Spec;
	return { spec, digest: digest(JSON.stringify(spec)) };
}

/** The digest of a task's body. */
export function promptDigest(prompt: string): string {
	return digest(prompt);
}

/** What was approved for a task in this clone, or null: no approval, or none that can be trusted. */
export function readApproval(folder: string, taskId: string): Approval | null {
	const content = readFileIfThere(approvalPath(folder, taskId));
	if (content === null) {
		return null;
	}
	try {
		const value: unknown = JSON.parse(content.toString("utf8"));
		return isApproval(value) ? value : null;
	} catch {
		return null;
	}
}

/** Plain data with sorted keys and without undefined: equal meaning gives equal text as JSON. */
export function canonicalSpec(value: Readonly<Record<string, unknown>>): Spec {
	return canonical(value, 0) as Spec;
}

/**
 * True when the command was approved as resolved from just these inputs. Only for showing: it takes the file's word that
 * inputs and command belong together, while what permits a run is readApproval with the command's own digest.
 */
export function standsAsApproved(folder: string, taskId: string, inputs: Spec): boolean {
	const content = readFileIfThere(approvalPath(folder, taskId));
	if (content === null) return false;
	try {
		const approval = JSON.parse(content.toString("utf8")) as Partial<Approval> | null;
		return approval?.schemaVersion === 1 && JSON.stringify(approval.inputs) === JSON.stringify(inputs);
	} catch {
		return false;
	}
}

/** Records that this user allows exactly this, from now on. The file is readable by its owner only. */
export function writeApproval(
	folder: string,
	taskId: string,
	approved: { readonly spec: Spec; readonly promptDigest: string; readonly inputs?: Spec; readonly atMs: number },
): Approval {
	const spec = canonical(approved.spec, 0) as Spec;
	const former = withoutThis(allApprovals(readApproval(folder, taskId)), { spec, prompt: approved.promptDigest });
	const approval: Approval = {
		schemaVersion: 1,
		command: { digest: digest(JSON.stringify(spec)), spec },
		prompt: { digest: approved.promptDigest },
		...(approved.inputs === undefined ? {} : { inputs: approved.inputs }),
		...(former.length === 0 ? {} : { former }),
		atMs: approved.atMs,
	};
	const content = `${JSON.stringify(approval, null, 2)}\n`;
	replaceFile(approvalPath(folder, taskId), content, { mode: 0o600, temporaryIn: dirname(folder) });
	return approval;
}

/** Every approval that this user gave the task here, the present one first. */
export function allApprovals(approval: Approval | null): FormerApproval[] {
	if (approval === null) return [];
	return [{ spec: approval.command.spec, prompt: approval.prompt.digest }, ...formerApprovals(approval.former)];
}

/** Whether it may execute. The prompt counts only where it is what will be executed without a person looking. */
export function verdict(
	approval: Approval | null,
	current: CurrentDigests,
	options: { readonly needsPrompt: boolean },
): Verdict {
	if (approval === null) {
		return { verdict: "held", reason: "never approved" };
	}
	if (approval.command.digest !== current.command) {
		return { verdict: "held", reason: "command changed" };
	}
	if (options.needsPrompt && approval.prompt.digest !== current.prompt) {
		return { verdict: "held", reason: "prompt changed" };
	}
	return { verdict: "approved" };
}

function approvalPath(folder: string, taskId: string): string {
	if (!isTaskId(taskId)) {
		throw new MsgcodeError("input_invalid", `${JSON.stringify(taskId)} is not the id of a task.`);
	}
	return join(folder, `${taskId}.json`);
}

function isApproval(value: unknown): value is Approval {
	const approval = value as Partial<Approval> | null;
	const spec: unknown = approval?.command?.spec;
	return (
		approval?.schemaVersion === 1 &&
		typeof approval.prompt?.digest === "string" &&
		Number.isFinite(approval.atMs) &&
		typeof spec === "object" &&
		spec !== null &&
		// A file whose parts do not agree was not written by writeApproval.
		approval.command?.digest === digest(JSON.stringify(canonical(spec, 0)))
	);
}

const MAX_DEPTH = 30;

function canonical(value: unknown, depth: number): SpecValue {
	if (depth > MAX_DEPTH) {
		throw new MsgcodeError("task_invalid_spec", "What the task would execute is nested too deeply.");
	}
	if (value === null || typeof value === "string" || typeof value === "boolean") {
		return value;
	}
	if (typeof value === "number" && Number.isFinite(value)) {
		return value;
	}
	if (Array.isArray(value)) {
		return value.map((item) => canonical(item, depth + 1));
	}
	if (typeof value === "object") {
		const entries = Object.entries(value).filter(([, item]) => item !== undefined);
		const sorted = entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
		return Object.fromEntries(sorted.map(([key, item]) => [key, canonical(item, depth + 1)]));
	}
	throw new MsgcodeError("task_invalid_spec", `What the task would execute holds a ${typeof value}.`);
}
