// The second bin: runs one of msgcode's own drivers, as a program of its own, on a request from stdin; with `probe` behind
// its id the driver only says whether it would work.
// Invariant: nothing but lines of the runner protocol goes to stdout.

import { once } from "node:events";
import { createInterface } from "node:readline";
import { runDriver } from "./runners/drivers/driver.ts";
import { probeLine } from "./runners/drivers/driver-probe.ts";
import { driverProbes, drivers } from "./runners/drivers/drivers.ts";

const [, , name = "", verb] = process.argv;
const load = Object.hasOwn(drivers, name) ? drivers[name] : undefined;
const loadProbe = verb === "probe" && Object.hasOwn(driverProbes, name) ? driverProbes[name] : undefined;
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());

if (loadProbe !== undefined) {
	const line = await probeLine(await loadProbe(), { env: process.env, stop: stop.signal });
	process.stdout.write(line, () => process.exit(0));
} else if (load === undefined) {
	process.stderr.write(`There is no driver ${JSON.stringify(name)}.\n`);
	process.exitCode = 2;
} else {
	const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
	const code = await runDriver(await load(), {
		lines,
		env: process.env,
		stop,
		write: (line) => void process.stdout.write(line),
		note: (line) => void process.stderr.write(line),
	});
	lines.close();
	// What is still open (a connection, a timer) must not keep a driver that has said its result.
	if (process.stdout.writableNeedDrain) await once(process.stdout, "drain");
	process.exit(code);
}
