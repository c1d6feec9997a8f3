// The sandbox that runner.sandbox asks for: what a run may write, and whether the tool that keeps it there works.
// Invariant: asked for and not working means no run at all; nothing falls back to running without it.

import { userInfo } from "node:os";
import { runnerEnvironment } from "../../config/environment.ts";
import type { Settings } from "../../config/settings.ts";
import { MsgcodeError } from "../../core/errors.ts";
import { superviseProcess } from "../../core/supervisor.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { type Enclosure, RUN_MARKER } from "../run/attempt.ts";
import type { Running, RunRequest } from "../run/run-request.ts";
import { bubblewrapCall, keepsSharedTmp, type SandboxPlaces, systemdRunCall } from "./sandbox-call.ts";
import { sandboxPlaces } from "./sandbox-places.ts";

export type SandboxKind = Exclude<Settings["runner"]["sandbox"], "off">;

const TRIAL_MS = 10_000;
const NAMES: Readonly<Record<SandboxKind, string>> = { bubblewrap: "bubblewrap (bwrap)", "systemd-run": "systemd-run" };

/** The sandbox that this run needs; null = none. A runner that only sends messages or reads has nothing to enclose. */
export function sandboxOf({ sandbox, runner }: Pick<RunRequest, "sandbox" | "runner">): SandboxKind | null {
	const harmless = runner.capability.sideEffects.every((effect) => effect === "message-send" || effect === "read-only");
	return sandbox === "off" || harmless ? null : sandbox;
}

/** Throws sandbox_unavailable unless the tool is there and a trial of it works. */
export async function requireSandbox(ledger: Ledger, kind: SandboxKind): Promise<void> {
	const env = runnerEnvironment(ledger.env);
	const said: string[] = [];
	const places = { cwd: "/", writable: [], readOnly: [], visible: [], temporary: ledger.workspace.stateDir };
	const ended = await superviseProcess({
		argv: [...callOf(kind, places, `trial-${process.pid}`, []), "true"],
		cwd: "/",
		env,
		stdin: null,
		timeoutMs: TRIAL_MS,
		cancel: new AbortController().signal,
		marker: { name: RUN_MARKER, value: `sandbox-trial-${process.pid}` },
		onSpawn: () => {},
		onLine: (_, text) => void (said.length < 3 && said.push(text.slice(0, 200))),
	});
	if (ended.outcome === "exited" && ended.exitCode === 0) return;
	const why = ended.outcome === "not_found" ? "it is not installed" : (said[0] ?? `it ended by ${ended.outcome}`);
	throw new MsgcodeError(
		"sandbox_unavailable",
		`runner.sandbox asks for ${NAMES[kind]}, which does not work here: ${why}`,
		{
			details: { sandbox: kind, outcome: ended.outcome, exitCode: ended.exitCode },
		},
	);
}

type Variables = Readonly<Record<string, string>>;

/** Puts each program of a run into its sandbox, when it is to have one: what it is started with, and by. */
export function enclosing(
	ledger: Ledger,
	{ request, running, cwd }: { readonly request: RunRequest; readonly running: Running; readonly cwd: string },
): (env: Variables) => { readonly env: Variables; readonly enclosure: Enclosure | null } {
	const kind = sandboxOf(request);
	if (kind === null) return (env) => ({ env, enclosure: null });
	const places = sandboxPlaces(ledger, { capability: request.runner.capability, taskId: request.taskId, running, cwd });
	const below = kind === "bubblewrap";
	const temporary = below || !keepsSharedTmp(places) ? "/tmp" : places.temporary;
	return (given) => {
		const env = { ...given, TMPDIR: temporary };
		return { env, enclosure: { wrapper: callOf(kind, places, running.runId, Object.keys(env)), below } };
	};
}

function callOf(kind: SandboxKind, places: SandboxPlaces, name: string, variables: readonly string[]): string[] {
	if (kind === "bubblewrap") return bubblewrapCall(places);
	const user = userInfo().uid !== 0;
	return systemdRunCall(places, { user, unit: `msgcode-${name}`, variables: [...variables, RUN_MARKER] });
}
