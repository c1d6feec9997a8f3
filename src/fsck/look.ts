// What every check gets to look at: the checkout as it was read once, HEAD's tree, the history, and the means to ask git.
import type { ObjectReader } from "../git/object-reader.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { HeadEntries } from "./head-entries.ts";
import type { LedgerHistory } from "./history-walk.ts";
import type { ScratchLedger } from "./scratch-ledger.ts";
import type { Snapshot } from "./snapshot.ts";

export interface Look {
	readonly ledger: Ledger;
	readonly reader: ObjectReader;
	readonly snapshot: Snapshot;
	readonly head: HeadEntries;
	readonly history: LedgerHistory;
	/** Objects may be fetched when they are needed: those that are not here are not asked for. */
	readonly partial: boolean;
	/** A run that has not ended yet: its files may come one by one. */
	readonly isLive: (runId: string) => boolean;
	/** A copy of the ledger whose objects go to a temporary folder outside the repository. Made at the first use. */
	readonly scratch: () => ScratchLedger;
}
