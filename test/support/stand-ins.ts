// The stand-ins of agent CLIs in fixtures/agents, before everything else on PATH; their sessions stay in a folder of the test.
import { delimiter, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { programEnvironment } from "./supervise.ts";

const STAND_INS = fileURLToPath(new URL("../../fixtures/agents", import.meta.url));

/** `home` becomes HOME, below which they keep what the real ones keep there. */
export function standInEnvironment(home: string): { readonly PATH: string; readonly HOME: string } {
	const path = [STAND_INS, dirname(process.execPath), programEnvironment().PATH];
	return { PATH: path.join(delimiter), HOME: home };
}
