// The runners that a command can speak of: those of the workspace, or outside of one those of this machine.

import type { App } from "../app.ts";
import { configFolder } from "../config/config-folder.ts";
import { loadSettings } from "../config/settings.ts";
import { MsgcodeError } from "../core/errors.ts";
import { AUTO } from "../runners/auto.ts";
import type { Registry, RegistryEntry } from "../runners/registry.ts";
import type { CommandContext } from "./command.ts";
import { openFor } from "./open.ts";

export interface RunnersHere {
	readonly registry: Registry;
	/** The setting runner.default: an id, "auto" or null. */
	readonly defaultRunner: string | null;
	/** Null outside a workspace. */
	readonly app: App | null;
}

export async function runnersHere(context: CommandContext, command: string): Promise<RunnersHere> {
	const { env } = context.io;
	try {
		const app = await openFor(context, command);
		return { registry: await app.registry(), defaultRunner: app.settings.runner.default, app };
	} catch (error) {
		if (!(error instanceof MsgcodeError) || !OUTSIDE.has(error.code)) throw error;
		const { settings } = await loadSettings(null, env);
		const { createRegistry } = await import("../runners/registry.ts");
		const registry = createRegistry(undefined, settings.runners, configFolder(env));
		return { registry, defaultRunner: settings.runner.default, app: null };
	}
}

const OUTSIDE: ReadonlySet<string> = new Set(["workspace_not_found", "repository_not_found"]);

/** The entry of that id; throws runner_unknown. */
export function entryOf({ registry }: RunnersHere, id: string): RegistryEntry {
	const entry = registry.find(id);
	if (entry !== null) return entry;
	const known = registry.list().map((one) => one.id);
	throw new MsgcodeError("runner_unknown", `There is no runner ${JSON.stringify(id)}.`, {
		hint:
			id === AUTO ? `"auto" is no runner but stands for the first that works.` : `Runners here: ${known.join(", ")}.`,
		details: { kind: id, known },
	});
}
