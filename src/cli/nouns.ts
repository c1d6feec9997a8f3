// All declared commands. They are plain data and cost nothing to have; implementations are loaded one at a time.

import { human } from "./commands/human.ts";
import { run } from "./commands/run.ts";
import { runner } from "./commands/runner.ts";
import { backup, exportRun } from "./commands/sharing.ts";
import { task } from "./commands/task.ts";
import { template } from "./commands/template.ts";
import {
	commit,
	completion,
	doctor,
	fsck,
	init,
	log,
	mergeDriver,
	preflight,
	prime,
	sync,
	undo,
} from "./commands/workspace.ts";
import type { Declaration } from "./declaration.ts";

/** In the order in which help and the documentation show them. */
export const nouns: readonly Declaration[] = [
	init,
	task,
	template,
	run,
	human,
	runner,
	log,
	commit,
	undo,
	exportRun,
	sync,
	backup,
	mergeDriver,
	doctor,
	preflight,
	fsck,
	prime,
	completion,
];
