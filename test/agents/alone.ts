// Runs this program again in a network of its own that has loopback and nothing else, so that no agent can reach a service.
// Invariant: where the system cannot do that, nothing is run as if it had.
import { spawnSync } from "node:child_process";

const MARK = "MSGCODE_AGENTS_ALONE";

export function isAlone(): boolean {
	return process.env[MARK] === "1";
}

/** The exit code of the program, run again with these arguments. */
export function runAlone(argv: readonly string[]): number {
	const inside = 'ip link set lo up && exec "$@"';
	const program = [process.execPath, ...process.argv.slice(1, 2), ...argv];
	const { status, error } = spawnSync("unshare", ["-rn", "sh", "-c", inside, "sh", ...program], {
		env: { ...process.env, [MARK]: "1" },
		stdio: "inherit",
	});
	if (error !== undefined) throw new Error("--offline needs Linux with unshare and ip.", { cause: error });
	return status ?? 1;
}
