// Uses a lock in a process of its own. argv: what, lock, file, times.
//   increment  adds 1 to the number in the file under the lock, that often
//   hold       takes the lock, says "held", and keeps it until it is killed
//   die        takes the lock under a witness file, then leaves it behind as a dead process would, that often;
//              says "two holders" if the witness was there already

import { closeSync, openSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { acquireLock } from "../../../src/core/lock.ts";

const [what = "", path = "", file = "", times = "1"] = process.argv.slice(2);
const request = { command: `${what} test`, timeoutMs: 60_000 };

if (what === "hold") {
	await acquireLock(path, request);
	console.log("held");
	setInterval(() => {}, 60_000);
} else {
	for (let round = 0; round < Number(times); round += 1) {
		const lock = await acquireLock(path, request);
		if (what === "increment") {
			const before = Number(readFileSync(file, "utf8"));
			await new Promise(setImmediate);
			writeFileSync(file, String(before + 1));
			lock.release();
			continue;
		}
		try {
			closeSync(openSync(file, "wx"));
			unlinkSync(file);
		} catch {
			console.log("two holders");
		}
		const corpse = `${path}.corpse-${process.pid}`;
		writeFileSync(corpse, JSON.stringify({ ...lock.holder, startTime: "of another process" }));
		renameSync(corpse, path);
	}
	console.log("done");
}
