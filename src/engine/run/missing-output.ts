// What a program said and is not kept whole: lines that were cut, raw logs that ended early.
// Invariant: nothing is left out in silence.

import type { SupervisedOutcome } from "../../core/supervisor.ts";
import type { CollectWarning } from "../../git/collect.ts";

/** Of each stream. */
export const RAW_LOG_BYTES = 16 * 1024 * 1024;

/** `who`: the runner, check 2. */
export function missingOutput(
	{ rawLogProblem }: Pick<SupervisedOutcome, "rawLogProblem">,
	cutLines: number,
	lineBytes: number,
	who: string,
): CollectWarning[] {
	const warnings: CollectWarning[] = [];
	if (cutLines > 0) {
		const lines = cutLines === 1 ? "1 line" : `${cutLines} lines`;
		const message = `${lines} of ${who} longer than ${lineBytes} bytes ${cutLines === 1 ? "is" : "are"} cut.`;
		warnings.push({ code: "line_truncated", message });
	}
	if (rawLogProblem === "truncated") {
		const message = `The raw log of ${who} holds only the first ${RAW_LOG_BYTES / 1024 / 1024} MiB of a stream.`;
		warnings.push({ code: "raw_log_truncated", message });
	}
	if (rawLogProblem === "failed") {
		warnings.push({ code: "raw_log_failed", message: `The raw log of ${who} could not be written.` });
	}
	return warnings;
}
