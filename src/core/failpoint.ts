// Named places where a test may kill this process, or make it fail, to prove that the next command recovers.
// Disarmed, which is always unless MSGCODE_FAILPOINT is set, a fail point is one comparison.

import { MsgcodeError } from "./errors.ts";

export const FAIL_POINTS = [
	"files.temp-written",
	"files.renamed",
	"lock.acquired",
	"lock.takeover",
	"index.locked",
	"index.lock-written",
	"index.renamed",
	"ledger.locked",
	"ledger.objects-written",
	"ledger.journal-written",
	"ledger.file-written",
	"ledger.files-written",
	"ledger.index-written",
	"ledger.ref-moved",
	"ledger.journal-cleared",
	"ledger.done",
	"run.claimed",
	"run.worktree-added",
	"run.worktree-ready",
	"run.runner-started",
	"run.runner-ended",
	"run.collected",
	"run.patch-written",
	"run.checked",
	"run.committed",
	"run.released",
	"worktree.set-aside",
	"worktree.deleted",
	"apply.merged",
	"apply.staged",
	"apply.code-written",
	"apply.landed",
	"apply.cleaned",
	"rollback.merged",
] as const;

export type FailPoint = (typeof FAIL_POINTS)[number];

const MODES = ["kill", "enospc", "throw"] as const;

let armed: { name: string; mode: (typeof MODES)[number]; hitsLeft: number } | null = null;

/**
 * Arms the point that MSGCODE_FAILPOINT names: `name`, `name:enospc`, `name:throw`, `name:3`, `name:kill:3` (the third
 * hit). An unset or empty variable disarms. Throws a usage error for a name or mode that does not exist.
 */
export function armFailPoints(env: Readonly<Record<string, string | undefined>>): void {
	armed = null;
	const text = env.MSGCODE_FAILPOINT;
	if (text === undefined || text === "") {
		return;
	}
	const [name = "", ...options] = text.split(":");
	if (!(FAIL_POINTS as readonly string[]).includes(name)) {
		throw new MsgcodeError("usage", `MSGCODE_FAILPOINT names no fail point: ${JSON.stringify(name)}.`, {
			hint: `Known: ${FAIL_POINTS.join(", ")}.`,
		});
	}
	let mode: (typeof MODES)[number] = "kill";
	let hitsLeft = 1;
	for (const option of options) {
		const known = MODES.find((candidate) => candidate === option);
		if (known !== undefined) {
			mode = known;
		} else if (/^[1-9]\d{0,5}$/.test(option)) {
			hitsLeft = Number(option);
		} else {
			throw new MsgcodeError("usage", `MSGCODE_FAILPOINT has an option that is not known: ${JSON.stringify(option)}.`, {
				hint: `Modes: ${MODES.join(", ")}; or the number of the hit.`,
			});
		}
	}
	armed = { name, mode, hitsLeft };
}

/** Does nothing unless this point is armed and this is the hit that was asked for. */
export function failPoint(name: FailPoint): void {
	if (armed === null || armed.name !== name) {
		return;
	}
	armed.hitsLeft -= 1;
	if (armed.hitsLeft !== 0) {
		return;
	}
	if (armed.mode === "enospc") {
		throw Object.assign(new Error(`ENOSPC: no space left on device (fail point ${name})`), { code: "ENOSPC" });
	}
	if (armed.mode === "throw") {
		throw new Error(`fail point ${name}`);
	}
	process.kill(process.pid, "SIGKILL");
}
