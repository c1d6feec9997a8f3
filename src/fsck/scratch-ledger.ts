// A ledger for trying things out: git reads the repository's objects and writes new ones to a temporary folder.
// Invariant: nothing in the repository changes, and the folder goes when the look is over.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ObjectReader, openObjectReader } from "../git/object-reader.ts";
import type { Ledger } from "../ledger/ledger.ts";

export interface ScratchLedger {
	readonly ledger: Ledger;
	readonly reader: ObjectReader;
	/** A temporary folder for files. */
	readonly folder: string;
	close(): void;
}

export function openScratchLedger(ledger: Ledger): ScratchLedger {
	const folder = mkdtempSync(join(tmpdir(), "msgcode-fsck-"));
	const objects = join(folder, "objects");
	const { commonDir, topLevel } = ledger.workspace;
	mkdirSync(join(objects, "info"), { recursive: true });
	writeFileSync(join(objects, "info", "alternates"), `${join(commonDir, "objects")}\n`);
	const env = { GIT_OBJECT_DIRECTORY: objects };
	const reader = openObjectReader(ledger.env, topLevel, env);
	// Our own writer puts objects below commonDir; git is told by its environment, and reads refs where they are.
	const workspace = { ...ledger.workspace, commonDir: folder, stateDir: folder };
	return {
		ledger: {
			...ledger,
			workspace,
			git: (args, options = {}) => {
				const place = options.gitDir === folder ? { gitDir: commonDir } : {};
				return ledger.git(args, { ...options, ...place, env: { ...options.env, ...env } });
			},
			openReader: () => reader,
		},
		reader,
		folder,
		close() {
			reader.close();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}
