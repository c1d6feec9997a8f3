// Where the user's own settings, runners and templates are.

import { join } from "node:path";
import type { Environment } from "./environment.ts";

/** MSGCODE_CONFIG_DIR, else ~/.config/msgcode; null where neither the one nor a home folder is told. */
export function configFolder(env: Environment): string | null {
	const told = env.MSGCODE_CONFIG_DIR ?? "";
	if (told !== "") return told;
	const home = env.HOME ?? "";
	return home === "" ? null : join(home, ".config", "msgcode");
}
