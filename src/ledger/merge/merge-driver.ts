// The merge driver's line in this clone's configuration, which tasks/.gitattributes refers to as merge=msgcode.
// Invariant: a line that somebody else wrote is never changed, and git merges as text wherever msgcode cannot be run.
import type { Git } from "../../git/plumbing.ts";

const KEY = "merge.msgcode.driver";

/**
 * Only an answer in msgcode's own words counts: a program that is missing, too old or broken may exit with 1 too, and git
 * would then take our side for a conflict without markers. git fills in the places and quotes the path; versions before
 * 2.44 leave %X and %Y as they are.
 */
export const DRIVER_LINE = [
	"out=$(command -v msgcode >/dev/null 2>&1 && msgcode merge-driver --plain --path=%P --marker-size=%L",
	"--ours-label=%X --theirs-label=%Y %O %A %B);",
	'case "$?:$out" in 0:merged*) exit 0;; 1:conflict*) exit 1;; esac;',
	"git merge-file --marker-size=%L -L ours -L base -L theirs %A %O %B || exit 1",
].join(" ");

/** How git calls the driver in its messages. */
const DRIVER_NAME = "msgcode: task files key by key";

/** `own`: somebody wrote another line, in whichever file git reads its configuration from. */
export type DriverState = "registered" | "missing" | "own";

export async function driverState(git: Git): Promise<DriverState> {
	const { code, stdout } = await git(["config", "--get", KEY], { accept: [0, 1] });
	if (code === 1) return "missing";
	return stdout.toString("utf8").trimEnd() === DRIVER_LINE ? "registered" : "own";
}

/** Registers the driver in this clone where none is; what stands there afterwards. Throws git_failed, read_only. */
export async function registerDriver(git: Git): Promise<Exclude<DriverState, "missing">> {
	const state = await driverState(git);
	if (state !== "missing") return state;
	await git(["config", "--local", "merge.msgcode.name", DRIVER_NAME]);
	await git(["config", "--local", KEY, DRIVER_LINE]);
	return "registered";
}
