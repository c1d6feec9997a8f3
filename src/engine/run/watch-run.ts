// What the process that supervises a run does beside it: hears when it is to end, looks after its questions, keeps its lease.
// Invariant: nothing that fails in here is thrown into a timer; where the run's claim is lost, the run is canceled.

import { isCancelRequested } from "./run-folder.ts";
import type { RunControls, Running } from "./run-request.ts";

const LEASE_RENEWAL_MS = 30_000;
const LOOK_MS = 150;

export interface RunWatch {
	readonly cancel: AbortSignal;
	end(): void;
}

/** `look` is called again and again while the run is at work. */
export function watchRun(controls: RunControls, running: Running, look: () => void): RunWatch {
	const cancel = new AbortController();
	const forward = () => cancel.abort();
	if (controls.cancel.aborted) forward();
	controls.cancel.addEventListener("abort", forward, { once: true });
	const orCancel = (work: () => void) => () => {
		try {
			work();
		} catch {
			// A full disk, or a claim that is not ours any more: then what we would record is another owner's to record.
			forward();
		}
	};
	const poll = setInterval(
		orCancel(() => {
			if (isCancelRequested(running.folder)) forward();
			look();
		}),
		LOOK_MS,
	);
	const renew = setInterval(
		orCancel(() => running.update({})),
		LEASE_RENEWAL_MS,
	);
	return {
		cancel: cancel.signal,
		end() {
			clearInterval(poll);
			clearInterval(renew);
			controls.cancel.removeEventListener("abort", forward);
		},
	};
}
