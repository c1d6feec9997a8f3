// The local folder of a run, below the shared git folder: raw logs, live events, the pristine index, the patch before it lands.
// Invariant: everything that the end of a run needs is here or in git before the process could die without it.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ensureFolder, readFileIfThere, replaceFile } from "../../core/files.ts";
import type { CollectWarning } from "../../git/collect.ts";
import type { AttemptResult, CheckResult, EvidenceFile, Receipt, RunStatus } from "../../ledger/runs/receipt.ts";

export interface RunFolder {
	readonly stateDir: string;
	readonly path: string;
	readonly events: string;
	readonly stdout: string;
	readonly stderr: string;
	readonly pristineIndex: string;
	readonly patch: string;
	/** The whole text that the runner was sent. */
	readonly prompt: string;
	/** Exists once somebody asked for the end of the run. */
	readonly cancelRequest: string;
	/** Questions to people, and their answers. */
	readonly questions: string;
	/** Where a runner may put artifacts. */
	readonly artifacts: string;
	/** Where a runner puts what proves its work, if its record asks for that. */
	readonly evidence: string;
	readonly scratch: string;
}

export function runFolderAt(stateDir: string, runId: string): RunFolder {
	const path = join(stateDir, "runs", runId);
	return {
		stateDir,
		path,
		events: join(path, "events.jsonl"),
		stdout: join(path, "stdout.log"),
		stderr: join(path, "stderr.log"),
		pristineIndex: join(path, "pristine.index"),
		patch: join(path, "patch.diff"),
		prompt: join(path, "prompt.md"),
		cancelRequest: join(path, "cancel"),
		questions: join(path, "questions"),
		artifacts: join(path, "artifacts"),
		evidence: join(path, "evidence"),
		scratch: join(path, "scratch"),
	};
}

export function makeRunFolder(stateDir: string, runId: string): RunFolder {
	const folder = runFolderAt(stateDir, runId);
	ensureFolder(folder.artifacts, 0o700);
	ensureFolder(folder.scratch, 0o700);
	return folder;
}

/** How a run ended, noted before its result is committed: with it a killed process's run keeps its true status. */
export interface RunEnding {
	readonly status: RunStatus;
	readonly errorCode: string | null;
	readonly details: Readonly<Record<string, unknown>>;
	readonly endedAtMs: number;
	readonly tree: string | null;
	readonly treeAfterChecks: string | null;
	readonly checks: readonly CheckResult[];
	readonly attempts: readonly AttemptResult[];
	readonly warnings: readonly CollectWarning[];
	readonly resources: Receipt["resources"];
	readonly usage: {
		readonly inputTokens: number | null;
		readonly outputTokens: number | null;
		readonly costUsd: number | null;
	};
	/** By what the runner's session can go on. */
	readonly session: string | null;
	/** What the runner said that it is. */
	readonly runnerModel: string | null;
	readonly runnerVersion: string | null;
	/** What the runner said last, secrets taken out; empty for a sensitive task. */
	readonly lastWords: string;
	readonly lastWordsDigest: { readonly sha256: string; readonly length: number };
	readonly close: boolean;
	/** Empty where no evidence was asked for. */
	readonly evidence?: readonly EvidenceFile[];
}

export function noteEnding(folder: RunFolder, ending: RunEnding): void {
	replaceFile(join(folder.path, "ending.json"), JSON.stringify(ending), {
		mode: 0o600,
		temporaryIn: folder.stateDir,
	});
}

export function readEnding(folder: RunFolder): RunEnding | null {
	const content = readFileIfThere(join(folder.path, "ending.json"));
	if (content === null) return null;
	try {
		return JSON.parse(content.toString("utf8")) as RunEnding;
	} catch {
		return null;
	}
}

export function isCancelRequested(folder: RunFolder): boolean {
	return existsSync(folder.cancelRequest);
}

export function requestCancel(folder: RunFolder): void {
	replaceFile(folder.cancelRequest, "", { temporaryIn: folder.stateDir });
}

/** Keeps what the runner is sent, for whoever asks later what it was told. */
export function keepPrompt(folder: RunFolder, text: string): void {
	replaceFile(folder.prompt, text, { mode: 0o600, temporaryIn: folder.stateDir });
}

/** Takes away what only the live run needed. */
export function tidyRunFolder(folder: RunFolder): void {
	rmSync(folder.scratch, { recursive: true, force: true });
}
