// The evidence folder of a run: what was planned and confirmed, and what the runner put there to prove what it did. It stays
// on this machine; the receipt names its files with their digests.
// Invariant: nothing outside the folder is read, and a file that cannot be read is named, not left out.

import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isoTime } from "../../core/clock.ts";
import { ensureFolder, replaceFile } from "../../core/files.ts";
import type { EvidenceFile } from "../../ledger/runs/receipt.ts";
import type { RunFolder } from "../run/run-folder.ts";
import type { RunRequest } from "../run/run-request.ts";
import type { Confirmation } from "./confirmation.ts";

/** Names its evidence folder to the programs of a run. */
export const EVIDENCE_VARIABLE = "MSGCODE_EVIDENCE_DIR";

const MOST_FILES = 1_000;
const MOST_BYTES = 256 * 1024 * 1024;

/** Its record asks for evidence, or somebody confirmed this very run. */
export function wantsEvidence({ runner, confirmation }: RunRequest): boolean {
	return confirmation !== null || runner.capability.evidence.includes("folder");
}

/** Makes the folder, and writes into it what was planned and who confirmed it. */
export function makeEvidence(folder: RunFolder, confirmation: Confirmation | null): void {
	ensureFolder(folder.evidence, 0o700);
	if (confirmation === null) return;
	const { prepared, confirmedAtMs, actor } = confirmation;
	const confirmed = { digest: prepared.digest, confirmedAt: isoTime(confirmedAtMs), actor };
	const planned = { ...prepared.plan, preparedAt: isoTime(prepared.preparedAtMs), actor: prepared.actor };
	for (const [name, value] of Object.entries({ "plan.json": planned, "confirmation.json": confirmed })) {
		const text = `${JSON.stringify(value, null, 2)}\n`;
		replaceFile(join(folder.evidence, name), text, { mode: 0o600, temporaryIn: folder.stateDir });
	}
}

/** Every file below the folder by path, with its digest: null where it is no plain file, or too much to read. */
export function listEvidence(folder: RunFolder): EvidenceFile[] {
	const files: EvidenceFile[] = [];
	let bytes = 0;
	const visit = (path: string) => {
		for (const name of namesIn(join(folder.evidence, path))) {
			if (files.length >= MOST_FILES) return;
			const inner = path === "" ? name : `${path}/${name}`;
			const stat = lstatSync(join(folder.evidence, inner), { throwIfNoEntry: false });
			if (stat === undefined) continue;
			if (stat.isDirectory()) {
				visit(inner);
				continue;
			}
			bytes += stat.size;
			const sha256 = stat.isFile() && bytes <= MOST_BYTES ? digestOf(join(folder.evidence, inner)) : null;
			files.push({ path: inner, sha256, bytes: stat.size });
		}
	};
	visit("");
	return files;
}

function namesIn(folder: string): string[] {
	try {
		return readdirSync(folder).sort();
	} catch {
		return [];
	}
}

function digestOf(file: string): string | null {
	try {
		return createHash("sha256").update(readFileSync(file)).digest("hex");
	} catch {
		return null;
	}
}
