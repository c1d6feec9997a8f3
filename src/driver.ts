// The second bin: runs one of msgcode's own drivers, as a program of its own, on a request from stdin.
// Invariant: nothing but lines of the runner protocol goes to stdout.

import { once } from "node:events";
import { createInterface } from "node:readline";
import { runDriver } from "./runners/drivers/driver.ts";
import { drivers } from "./runners/drivers/drivers.ts";

const name = process.argv[2] ?? "";
const load = Object.hasOwn(drivers, name) ? drivers[name] : undefined;
if (load === undefined) {
	process.stderr.write(`There is no driver ${JSON.stringify(name)}.\n`);
	process.exitCode = 2;
} else {
	const stop = new AbortController();
	for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
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
