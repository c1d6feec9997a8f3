// The one long session that a runner has in a working folder, remembered from run to run on this machine only.
// Invariant: a session that has rested longer than it may, or that its runner refused, is not resumed again.

import { createHash } from "node:crypto";
import { join } from "node:path";
import { ensureFolder, readFileIfThere, removeFileIfThere, replaceFile } from "../../core/files.ts";

export interface MainSession {
	readonly schemaVersion: 1;
	readonly kind: string;
	/** By what the runner resumes it. */
	readonly session: string;
	readonly runId: string;
	readonly lastUsedAtMs: number;
}

/** Names the session of a runner kind in a folder; what a claim holds while a run is at work in it. */
export function mainSessionKey(kind: string, folder: string): string {
	return `${kind}-${createHash("sha256").update(folder).digest("hex").slice(0, 16)}`;
}

/** The session to resume; null where there is none, or none that is young enough. */
export function readMainSession(stateDir: string, key: string, timeoutMs: number, nowMs: number): MainSession | null {
	const content = readFileIfThere(sessionPath(stateDir, key));
	if (content === null) return null;
	try {
		const known = JSON.parse(content.toString("utf8")) as MainSession;
		const sound = known.schemaVersion === 1 && typeof known.session === "string" && known.session !== "";
		const age = nowMs - known.lastUsedAtMs;
		// A clock that was set back makes it no younger.
		return sound && age >= 0 && age < timeoutMs ? known : null;
	} catch {
		return null;
	}
}

export function keepMainSession(stateDir: string, key: string, session: Omit<MainSession, "schemaVersion">): void {
	ensureFolder(join(stateDir, "sessions"), 0o700);
	const content = JSON.stringify({ schemaVersion: 1, ...session } satisfies MainSession);
	replaceFile(sessionPath(stateDir, key), content, { mode: 0o600, temporaryIn: stateDir });
}

export function dropMainSession(stateDir: string, key: string): void {
	removeFileIfThere(sessionPath(stateDir, key));
}

function sessionPath(stateDir: string, key: string): string {
	return join(stateDir, "sessions", `${key}.json`);
}
