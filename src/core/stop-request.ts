// Why and how urgently a running program has to stop: its time is up, it used too much, somebody cancels, somebody insists.
// Invariant: the first cause stays the cause; urgency only grows.

export interface StopSources {
	/** Aborted = stop politely; with the reason "kill", at once. */
	readonly cancel: AbortSignal;
	/** Aborted = kill at once, also in the middle of a polite stop. */
	readonly kill?: AbortSignal;
}

export type StopCause =
	| { readonly outcome: "canceled" }
	| { readonly outcome: "timeout"; readonly timer: "wall" | "idle" }
	/** It said its last word and did not end. */
	| { readonly outcome: "lingered" }
	| { readonly outcome: "over_limit"; readonly exceeded: "memory" | "disk" };

export interface StopRequest {
	/** Null = nobody asked before the program ended. */
	cause(): StopCause | null;
	/** Aborted by the first request. */
	readonly requested: AbortSignal;
	/** Aborted when no more time may be given. */
	readonly urgent: AbortSignal;
	/** Asks for a polite end. */
	stop(cause: StopCause): void;
	/** Asks for the end at once. */
	kill(): void;
	/** Lets go of the sources. */
	close(): void;
}

/** `hasEnded`: from then on a request only shortens the wait for what the program left behind, and is no cause. */
export function listenForStop(sources: StopSources, hasEnded: () => boolean): StopRequest {
	const requested = new AbortController();
	const urgent = new AbortController();
	let first: StopCause | null = null;

	function stop(cause: StopCause): void {
		if (!hasEnded()) first ??= cause;
		requested.abort();
	}
	function kill(): void {
		stop({ outcome: "canceled" });
		urgent.abort();
	}
	function onCancel(): void {
		if (sources.cancel.reason === "kill") kill();
		else stop({ outcome: "canceled" });
	}

	sources.cancel.addEventListener("abort", onCancel, { once: true });
	sources.kill?.addEventListener("abort", kill, { once: true });
	if (sources.cancel.aborted) onCancel();
	if (sources.kill?.aborted) kill();
	return {
		cause: () => first,
		requested: requested.signal,
		urgent: urgent.signal,
		stop,
		kill,
		close() {
			sources.cancel.removeEventListener("abort", onCancel);
			sources.kill?.removeEventListener("abort", kill);
		},
	};
}
