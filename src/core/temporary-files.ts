// The names of temporary files. A name tells which process wrote it, so that what a dead process left can be told
// from what a live one is about to rename: only the first is ever a leftover.

import { randomBytes } from "node:crypto";
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { digest } from "./ids.ts";
import { identityOf, ownIdentity } from "./process-identity.ts";

export const TEMPORARY_PREFIX = ".msgcode-tmp-";

/** A temporary file of a process that cannot be seen from here (other user, boot, container, host) is kept this long. */
const FOREIGN_TEMPORARY_MS = 60 * 60_000;

/** A folder that was set aside to be deleted keeps the task's name in front, where git's exclude pattern covers it. */
const FORM = /^(?:tsk_[0-9a-z]{10})?\.msgcode-tmp-(\d+)-([0-9a-f]+)-/;

let scope: string | undefined;

/** `.msgcode-tmp-<pid>-<where that pid means something>-<random>` */
export function temporaryName(): string {
	return `${TEMPORARY_PREFIX}${process.pid}-${processScope()}-${randomBytes(6).toString("hex")}`;
}

/** Whether the file is a temporary one whose process is gone. */
export function isLeftoverTemporary(folder: string, name: string): boolean {
	const [, pid, where] = FORM.exec(name) ?? [];
	if (pid === undefined) {
		return false;
	}
	const stat = lstatSync(join(folder, name), { throwIfNoEntry: false });
	if (stat === undefined) {
		return false;
	}
	if (where === processScope() && stat.uid === process.getuid?.()) {
		return identityOf(Number(pid)) === null;
	}
	return Date.now() - stat.mtimeMs > FOREIGN_TEMPORARY_MS;
}

function processScope(): string {
	if (scope === undefined) {
		const { host, bootId, pidNamespace } = ownIdentity();
		scope = digest(JSON.stringify([host, bootId, pidNamespace])).slice(7, 15);
	}
	return scope;
}
