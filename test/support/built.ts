// Sees to it, once per test run, that dist/ is what the sources say. A build that fails leaves no dist/main.js behind, so
// that no test can pass on an old one.
import { rmSync } from "node:fs";
import { buildIfStale } from "../../build.ts";

export default async function setup(): Promise<void> {
	try {
		await buildIfStale();
	} catch (error) {
		rmSync(new URL("../../dist/main.js", import.meta.url), { force: true });
		console.error(`dist/ could not be built: ${(error as Error).message}`);
	}
}
