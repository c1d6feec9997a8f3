// Whether a runner is signed in, by what its record says of its login: variables, files, a harmless command.
// Invariant: no value of a variable and no content of a file is looked at; only that they are there.

import { statSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../config/environment.ts";
import type { Capability } from "../../runners/capabilities.ts";
import type { Answer } from "../../runners/drivers/driver-probe.ts";

type Auth = NonNullable<Capability["auth"]>;

/** An empty list of logins in JSON has two or three bytes. */
const EMPTY_BYTES = 4;

/** What variables and files tell; "unknown" where only the record's command could, or nobody. */
export function loginSeen(auth: Capability["auth"], env: Environment): Answer {
	if (auth === undefined) return "unknown";
	if (auth === null) return "yes";
	if (auth.env.some((name) => isSet(env, name))) return "yes";
	if (loginFiles(auth, env).some((file) => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > EMPTY_BYTES))
		return "yes";
	return auth.complete && auth.command === undefined ? "no" : "unknown";
}

/** Where its logins are kept. */
export function loginFiles(auth: Auth, env: Environment): string[] {
	return auth.files.flatMap(({ folderEnv, folder, file }) => {
		const told = folderEnv === null ? "" : (env[folderEnv] ?? "");
		const home = env.HOME ?? "";
		if (told !== "") return [join(told, file)];
		return home === "" ? [] : [join(home, folder, file)];
	});
}

/** Variables that its command has to see. */
export function loginVariables(auth: Auth): string[] {
	return [...auth.env, ...auth.files.flatMap(({ folderEnv }) => (folderEnv === null ? [] : [folderEnv]))];
}

export function isSet(env: Environment, name: string): boolean {
	return (env[name] ?? "") !== "";
}
