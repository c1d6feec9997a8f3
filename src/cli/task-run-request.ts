// What `task run` asks the engine for: the task as it is written, the settings, and what the command line says otherwise.
// Invariant: nothing is started or written here; what cannot be run is refused.

import { resolve } from "node:path";
import type { App } from "../app.ts";
import { parseDuration } from "../core/clock.ts";
import { MsgcodeError } from "../core/errors.ts";
import type { RunRequest } from "../engine/run/run-request.ts";
import { wishesOf } from "../engine/run/runner-request.ts";
import type { StoredTask } from "../ledger/task/store.ts";
import type { CommandContext } from "./command.ts";

export interface TaskRunOptions {
	readonly worktree?: boolean;
	readonly inPlace?: boolean;
	readonly base?: string;
	readonly continue?: boolean;
	readonly carry?: boolean;
	readonly close?: boolean;
	readonly timeout?: string;
	readonly session?: "main" | "isolated";
	readonly approve?: string;
	readonly idempotencyKey?: string;
	readonly prepare?: boolean;
	readonly confirm?: string;
}

export async function requestFor(
	context: CommandContext,
	app: App,
	{ definition, id }: StoredTask,
	options: TaskRunOptions,
): Promise<RunRequest> {
	const { settings } = app;
	const typed = context.argv !== null && context.argv.length > 0 ? context.argv : null;
	const named = typed !== null ? "shell" : (definition.runner?.kind ?? settings.runner.default);
	if (named === null)
		throw new MsgcodeError("runner_required", `${id} names no runner, and runner.default is not set.`);
	const kind = await app.resolveRunner(named);
	const runner = (await app.registry()).get(kind);
	const { env, idleTimeout } = definition.runner ?? {};
	const asked = typed === null ? definition : { ...definition, runner: { kind, args: [...typed], env } };
	const { payload, constraints, route, session } = wishesOf(asked);
	const writes = runner.capability.sideEffects.includes("local-write");
	const inPlace = options.inPlace === true || (options.worktree !== true && (definition.worktree === false || !writes));
	const idle = idleTimeout ?? settings.run.idle_timeout ?? runner.capability.limits.idleMs ?? "off";
	const { model_root: modelRoot, sandbox, session_timeout: sessionTimeoutMs } = settings.runner;
	return {
		taskId: id,
		title: definition.title,
		prompt: definition.prompt,
		runner,
		payload: { prompt: definition.prompt, ...payload },
		constraints,
		route,
		session: options.session ?? session ?? "isolated",
		sessionTimeoutMs,
		modelRoot: modelRoot === null ? null : resolve(app.workspace.root, modelRoot),
		checks: definition.checks,
		timeoutMs: timeoutOf(options.timeout) ?? definition.timeout ?? settings.run.timeout,
		idleTimeoutMs: idle === "off" ? null : idle,
		limits: definition.limits,
		sandbox,
		mode: inPlace ? "in-place" : "worktree",
		base: options.base ?? null,
		goOn: options.continue ?? false,
		carry: options.carry ?? false,
		close: options.close === true || definition.closeOn === "success",
		sensitive: definition.sensitive,
		idempotencyKey: options.idempotencyKey ?? null,
		confirmation: null,
		allowEnv: settings.env.allow,
	};
}

function timeoutOf(text: string | undefined): number | undefined {
	if (text === undefined) return undefined;
	const ms = parseDuration(text);
	if (ms < 1_000 || ms > 86_400_000) {
		throw new MsgcodeError("usage", `--timeout ${text} is out of range.`, { hint: "From 1s to 24h." });
	}
	return ms;
}
