// What a driver says when it is asked whether it would work, before any run: one line of JSON, and no run is begun.
// Invariant: asking changes nothing and costs nothing.

export type Answer = "yes" | "no" | "unknown";

export interface DriverProbeInput {
	readonly env: Readonly<Record<string, string | undefined>>;
	/** Aborted when nobody waits for the answer any more. */
	readonly stop: AbortSignal;
}

export interface DriverProbeResult {
	readonly works: Answer;
	readonly authenticated: Answer;
	/** Of the service or program behind it. */
	readonly version?: string | null;
	/** One or two words: "unreachable", "no model loaded". */
	readonly reason?: string | null;
	/** Numbers, flags and short words. */
	readonly details?: Readonly<Record<string, unknown>>;
}

export type DriverProbe = (input: DriverProbeInput) => Promise<DriverProbeResult>;

/** The one line; a probe that fails says that it does not know. */
export async function probeLine(probe: DriverProbe, input: DriverProbeInput): Promise<string> {
	const result = await probe(input).catch(
		(): DriverProbeResult => ({
			works: "unknown",
			authenticated: "unknown",
			reason: "probe failed",
		}),
	);
	const { works, authenticated, version = null, reason = null, details = {} } = result;
	return `${JSON.stringify({ type: "probe", works, authenticated, version, reason, details })}\n`;
}
