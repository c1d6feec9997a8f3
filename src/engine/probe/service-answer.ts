// Reads the one line that a driver, or a user's own runner, says when it is asked whether it would work.
// Invariant: what is not understood is "unknown", never "yes".

import type { Answer } from "../../runners/drivers/driver-probe.ts";

export interface ServiceAnswer {
	readonly works: Answer;
	readonly authenticated: Answer;
	readonly version: string | null;
	readonly reason: string | null;
}

/** Null when no line is an answer. */
export function serviceAnswer(text: string): ServiceAnswer | null {
	for (const line of text.split("\n").filter((one) => one.startsWith("{"))) {
		try {
			const value = JSON.parse(line) as Record<string, unknown>;
			const words = [value.version, value.reason].map((word) => (typeof word === "string" ? word.slice(0, 200) : null));
			if (value.type !== "probe") continue;
			const [version = null, reason = null] = words;
			return { works: answerIn(value.works), authenticated: answerIn(value.authenticated), version, reason };
		} catch {
			// The next line may be the one.
		}
	}
	return null;
}

function answerIn(value: unknown): Answer {
	return value === "yes" || value === "no" ? value : "unknown";
}
