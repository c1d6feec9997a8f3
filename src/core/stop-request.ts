// Why and how urgently a running program has to stop: its time is up, somebody cancels, somebody insists.
// Invariant: the first reason stays the reason; urgency only grows.

export interface StopSources {
	readonly timeoutMs: number;
	/** Aborted = stop politely; with the reason "kill", at once. */
	readonly cancel: AbortSignal;
	/** Aborted = kill at once, also in the middle of a polite stop. */
	readonly kill?: AbortSignal;
}

export interface StopRequest {
	/** Null = nobody asked before the program ended. */
	reason(): "canceled" | "timeout" | null;
	/** Aborted by the first request. */
	readonly requested: AbortSignal;
	/** Aborted when no more time may be given. */
	readonly urgent: AbortSignal;
	/** Asks for the end at once. */
	kill(): void;
	/** The time limit no longer counts. */
	stopTimer(): void;
	/** Lets go of the sources. */
	close(): void;
}

const MAX_TIMER_MS = 2 ** 31 - 1;

/** `hasEnded`: from then on a request only shortens the wait for what the program left behind, and is no reason. */
export function listenForStop(sources: StopSources, hasEnded: () => boolean): StopRequest {
	const requested = new AbortController();
	const urgent = new AbortController();
	let reason: "canceled" | "timeout" | null = null;

	function request(why: "canceled" | "timeout"): void {
		if (!hasEnded()) reason ??= why;
		requested.abort();
	}
	function kill(): void {
		request("canceled");
		urgent.abort();
	}
	function onCancel(): void {
		if (sources.cancel.reason === "kill") kill();
		else request("canceled");
	}

	const timer = setTimeout(() => request("timeout"), Math.min(sources.timeoutMs, MAX_TIMER_MS));
	sources.cancel.addEventListener("abort", onCancel, { once: true });
	sources.kill?.addEventListener("abort", kill, { once: true });
	if (sources.cancel.aborted) onCancel();
	if (sources.kill?.aborted) kill();
	return {
		reason: () => reason,
		requested: requested.signal,
		urgent: urgent.signal,
		kill,
		stopTimer: () => clearTimeout(timer),
		close() {
			clearTimeout(timer);
			sources.cancel.removeEventListener("abort", onCancel);
			sources.kill?.removeEventListener("abort", kill);
		},
	};
}
