// msgcode's own drivers by the id of their runner; each is loaded only where it runs.

import type { Driver } from "./driver.ts";
import type { DriverProbe } from "./driver-probe.ts";

export const drivers: Readonly<Record<string, () => Promise<Driver>>> = {
	acp: async () => (await import("./acp/acp.ts")).acpDriver,
	tmux: async () => (await import("./tmux/tmux.ts")).tmuxDriver,
	http: async () => (await import("./http/http.ts")).http,
	lmstudio: async () => (await import("./lmstudio/lmstudio.ts")).lmstudio,
};

/** Of those that can be asked whether they would work: `{NODE} {DRIVER} <id> probe`. */
export const driverProbes: Readonly<Record<string, () => Promise<DriverProbe>>> = {
	http: async () => (await import("./http/http.ts")).probeHttp,
	lmstudio: async () => (await import("./lmstudio/lmstudio.ts")).probeLmstudio,
};
