// Every kind of fix, in the order in which they are looked for and made: what brings files back comes before what reads them.
import { conflictMarkers } from "./conflict-markers.ts";
import { deletedFile } from "./deleted-file.ts";
import { mergeDriver } from "./driver.ts";
import type { FixKind } from "./fix.ts";
import { gitLines } from "./git-lines.ts";
import { archivedOpen, twoHomes } from "./homes.ts";
import { idLine } from "./id-line.ts";
import { leftovers } from "./leftovers.ts";
import { letterCase } from "./letter-case.ts";
import { localLines } from "./local-lines.ts";
import { missingFile } from "./missing-file.ts";
import { contradictingLines, missingLine, tornLine } from "./run-log.ts";
import { runLogMarkers } from "./run-log-markers.ts";
import { staleIndex } from "./stale-index.ts";
import { unmergedFile } from "./unmerged.ts";

export const fixKinds: readonly FixKind[] = [
	unmergedFile,
	deletedFile,
	missingFile,
	conflictMarkers,
	runLogMarkers,
	tornLine,
	contradictingLines,
	missingLine,
	idLine,
	letterCase,
	twoHomes,
	archivedOpen,
	gitLines,
	localLines,
	mergeDriver,
	leftovers,
	staleIndex,
];
