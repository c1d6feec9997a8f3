// Whether what a task would execute was approved on this machine, asked in one place by every verb that runs something.
// Invariant: the answer is about the resolved command, checks, environment and schedule; prose counts only where it is executed unseen.
import { join } from "node:path";
import { MsgcodeError } from "../../core/errors.ts";
import { ensureFolder } from "../../core/files.ts";
import { digest as sha256Of } from "../../core/ids.ts";
import { version } from "../../core/version.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Definition } from "../../ledger/task/definition.ts";
import { AUTO } from "../../runners/auto.ts";
import type { Registry } from "../../runners/registry.ts";
import type { Runner } from "../../runners/runner.ts";
import { difference } from "../../trust/approval-difference.ts";
import {
	allApprovals,
	canonicalSpec,
	type Executable,
	executableSpec,
	promptDigest,
	readApproval,
	type Spec,
	standsAsApproved,
	verdict,
	writeApproval,
} from "../../trust/approvals.ts";
import { wasApproved } from "../../trust/former-approvals.ts";
import { programFiles, toldBeside, wishesOf } from "../run/runner-request.ts";

export interface Permission {
	readonly spec: Spec;
	/** What `--approve` names: the command, and for a runner that is given words, the words too. */
	readonly digest: string;
	readonly promptDigest: string;
	/** Of the words that were approved last, these or others; null before the first approval. */
	readonly approvedPrompt: string | null;
	/** What the spec was resolved from. */
	readonly inputs: Spec;
	readonly approved: boolean;
	/** "never approved", "command changed", "prompt changed"; null when approved. */
	readonly reason: string | null;
	/** Lines of what differs from what was approved last. */
	readonly difference: readonly string[];
}

export interface PermissionOptions {
	/** The kind that a task without a runner gets. */
	readonly defaultRunner: string | null;
	/** What the kind "auto" stands for here; null and undefined = that is not known. */
	readonly auto?: string | null;
	/** Tells apart the user's own declarations of a runner, where there is one. */
	readonly ownRunner?: (kind: string) => string | undefined;
	/** Names of variables that the settings let through to every runner. */
	readonly allowEnv: readonly string[];
	/** The runners that the settings declare. */
	readonly declarations?: Readonly<Record<string, unknown>>;
	/** The setting runner.model_root: it can be where a program is taken from. */
	readonly modelRoot?: string | null;
	/** The setting runner.sandbox: less of it allows more. */
	readonly sandbox?: string;
	readonly registry: Registry;
	/** A person sees the run start: then an agent's prompt need not have been approved. */
	readonly attended: boolean;
}

/** What the task would execute and whether that is allowed. Never throws for a task that cannot be resolved. */
export function permissionOf(
	ledger: Ledger,
	id: string,
	definition: Definition,
	options: PermissionOptions,
): Permission {
	const { executable, usesPrompt } = executableOf(id, definition, options);
	const { spec, digest } = executableSpec(executable);
	const approval = readApproval(approvalFolder(ledger), id);
	const current = { command: digest, prompt: promptDigest(wordsOf(definition)) };
	const needs = { needsPrompt: usesPrompt && !options.attended };
	const exact = verdict(approval, current, needs);
	// What may run without a sandbox may run inside of one: that is less, never more.
	const open = executableSpec({ ...executable, runner: { ...executable.runner, sandbox: undefined } }).digest;
	const answer = exact.verdict === "approved" ? exact : verdict(approval, { ...current, command: open }, needs);
	const approved = answer.verdict === "approved";
	return {
		spec,
		// A digest that was named once must not let through another text for the same agent.
		digest: usesPrompt ? sha256Of(`${digest}\n${current.prompt}`) : digest,
		promptDigest: current.prompt,
		approvedPrompt: approval?.prompt.digest ?? null,
		inputs: inputsOf(definition, options),
		approved,
		reason: approved || exact.verdict === "approved" ? null : exact.reason,
		difference: approved ? [] : difference(approval?.command.spec ?? {}, spec),
	};
}

/**
 * True when the task stands just as its command was approved, told without resolving its runner. False says nothing. This
 * is for showing a task quickly; a run is permitted by permissionOf alone.
 */
export function standsApproved(
	ledger: Ledger,
	id: string,
	definition: Definition,
	options: Omit<PermissionOptions, "registry" | "attended">,
): boolean {
	return standsAsApproved(approvalFolder(ledger), id, inputsOf(definition, options));
}

/** Remembers that this user allows exactly this. */
export function approve(
	ledger: Ledger,
	id: string,
	permission: Pick<Permission, "spec" | "promptDigest" | "inputs">,
): void {
	ensureFolder(approvalFolder(ledger), 0o700);
	writeApproval(approvalFolder(ledger), id, {
		spec: permission.spec,
		promptDigest: permission.promptDigest,
		inputs: permission.inputs,
		atMs: ledger.now(),
	});
}

/**
 * Approves what a command brought back from history, where this user had approved it here before: as it is, or, where
 * nothing was held (`before`), each part of it. A prompt that was never approved stays so. Nothing that somebody else wrote
 * is approved by that.
 */
export function approveBroughtBack(ledger: Ledger, id: string, before: Permission, after: Permission): void {
	if (after.approved) return;
	const approval = readApproval(approvalFolder(ledger), id);
	const current = { spec: after.spec, prompt: after.promptDigest };
	const known = wasApproved(allApprovals(approval), current, { inParts: before.approved });
	if (approval === null || !known.command) return;
	const prompt = known.prompt ? after.promptDigest : approval.prompt.digest;
	approve(ledger, id, { spec: after.spec, promptDigest: prompt, inputs: after.inputs });
}

/** The refusal of a held task, with the digest that `--approve` takes. */
export function held(id: string, permission: Permission): MsgcodeError {
	return new MsgcodeError(
		"approval_required",
		`${id} is held: what it would execute was ${permission.reason === "never approved" ? "never approved here" : `approved in another form (${permission.reason})`}.`,
		{
			hint: `Look at it with \`msgcode task show ${id}\`, then \`msgcode task approve ${id}\`, or run it with --approve ${permission.digest}.`,
			details: { digest: permission.digest, reason: permission.reason, difference: permission.difference },
		},
	);
}

/** True when `text` names the digest: whole, or at least twelve of its hex digits. */
export function namesDigest(text: string, digest: string): boolean {
	const wanted = text.replace(/^sha256:/, "").toLowerCase();
	return /^[0-9a-f]{12,64}$/.test(wanted) && digest.replace(/^sha256:/, "").startsWith(wanted);
}

function approvalFolder(ledger: Ledger): string {
	return join(ledger.workspace.stateDir, "approvals");
}

/** All words of a task that an agent is sent: see prompt.ts. */
function wordsOf({ title, files, prompt }: Definition): string {
	return JSON.stringify([title, files, prompt]);
}

/** The runner that the task would get; "auto" only where it is not known what that stands for. */
function kindOf(definition: Definition, options: Pick<PermissionOptions, "defaultRunner" | "auto">): string | null {
	const kind = definition.runner?.kind ?? options.defaultRunner;
	return kind === AUTO ? (options.auto ?? AUTO) : kind;
}

/** All that executableOf looks at: the same inputs give the same executable in the same version. */
function inputsOf(definition: Definition, options: Omit<PermissionOptions, "registry" | "attended">): Spec {
	const kind = kindOf(definition, options);
	const declarations = options.declarations ?? {};
	return canonicalSpec({
		version,
		runner: definition.runner,
		checks: definition.checks,
		schedule: definition.schedule,
		defaultRunner: options.defaultRunner,
		kind,
		ownRunner: kind === null || kind === "shell" ? undefined : options.ownRunner?.(kind),
		allowEnv: options.allowEnv,
		files: definition.files,
		place: placeOf(definition),
		route: definition.route,
		// Where the text itself may be what is approved: see executableOf.
		text: definition.route === undefined ? undefined : promptDigest(definition.prompt),
		modelRoot: options.modelRoot ?? undefined,
		sandbox: sandboxOf(options),
		declaration: kind !== null && Object.hasOwn(declarations, kind) ? declarations[kind] : undefined,
	});
}

function executableOf(
	id: string,
	definition: Definition,
	options: PermissionOptions,
): { executable: Executable; usesPrompt: boolean } {
	const kind = kindOf(definition, options);
	const rest = { checks: definition.checks, schedule: definition.schedule };
	const raw = {
		kind: kind ?? "none",
		argv: definition.runner?.args,
		env: definition.runner?.env,
		script: definition.runner?.script,
		shell: definition.runner?.shell,
		envAllow: options.allowEnv,
		told: toldBeside(wishesOf(definition), true),
		modelRoot: options.modelRoot ?? undefined,
		sandbox: sandboxOf(options),
		place: placeOf(definition),
	};
	try {
		if (kind === null) return { executable: { runner: raw, ...rest }, usesPrompt: false };
		const runner = options.registry.get(kind);
		const modelRoot = options.modelRoot ?? undefined;
		const plan = planForDigest(id, definition, runner, modelRoot);
		const usesPrompt = runner.capability.kind !== "shell";
		// What is typed into a live session, which may be a shell, is as good as a command.
		const typed = runner.capability.inputs.includes("route") ? definition.prompt : "prompt";
		const stdin = plan.stdin === null ? "none" : typed;
		// A recorded argv shows a script as a placeholder; what is approved is its text.
		const argv = usesPrompt ? plan.redactedArgv : plan.argv;
		const envAllow = [...plan.passEnv, ...options.allowEnv];
		const declared = runner.capability.exec !== undefined;
		const beside = {
			told: usesPrompt ? toldBeside(wishesOf(definition), declared) : undefined,
			modelRoot: declared ? modelRoot : undefined,
			sandbox: sandboxOf(options),
			place: placeOf(definition),
		};
		return {
			executable: { runner: { kind, argv, env: plan.env, envAllow, stdin, ...beside }, ...rest },
			usesPrompt,
		};
	} catch {
		return { executable: { runner: raw, ...rest }, usesPrompt: true };
	}
}

function sandboxOf({ sandbox }: Pick<PermissionOptions, "sandbox">): string | undefined {
	return sandbox === "off" ? undefined : sandbox;
}

/** A worktree, unless the task wants the user's own files. */
function placeOf({ worktree }: Definition): "checkout" | undefined {
	return worktree === false ? "checkout" : undefined;
}

/** The plan with constant names in the place of this run's and this machine's, so that equal commands have equal digests. */
function planForDigest(id: string, definition: Definition, runner: Runner, modelRoot: string | undefined) {
	const { payload, constraints, route } = wishesOf(definition);
	const [workspacePath, runDir] = ["/workspace", "/workspace/run"];
	return runner.prepare({
		kind: runner.kind,
		workspacePath,
		payload: { prompt: "the prompt", ...payload },
		constraints: { timeoutMs: 1000, ...constraints },
		context: {
			taskId: id,
			runId: "run_20000101T000000Z_00000000",
			attempt: 1,
			taskFile: "/workspace/task.md",
			runDir,
			...programFiles(payload.files, workspacePath, runDir),
			modelRoot,
			sessionId: "00000000-0000-4000-8000-000000000000",
			route,
		},
	});
}
