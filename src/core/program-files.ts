// Where msgcode's own files are, beside the code that runs: in the built dist/ or in the sources.
// Invariant: the answer depends on nothing but where this file itself is.

import { existsSync } from "node:fs";
import { join } from "node:path";

/** The program that runs msgcode's own drivers. */
export function driverProgram(): string {
	const built = join(import.meta.dirname, "driver.js");
	return existsSync(built) ? built : join(import.meta.dirname, "..", "driver.ts");
}

/** The folder of the templates that msgcode brings along. */
export function shippedTemplates(): string {
	const beside = join(import.meta.dirname, "..", "templates");
	return existsSync(beside) ? beside : join(import.meta.dirname, "..", "..", "templates");
}
