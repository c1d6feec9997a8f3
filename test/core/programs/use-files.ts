// Runs one operation of src/core/files.ts in a process of its own, so that a fail point, a limit or a timeout can end it.
// argv: read | replace | append | events | events-later, path, text[, times]. Prints the code of the error, or "ok".

import { MsgcodeError } from "../../../src/core/errors.ts";
import { openEventLog } from "../../../src/core/events.ts";
import { armFailPoints } from "../../../src/core/failpoint.ts";
import { appendLine, readFileIfThere, replaceFile } from "../../../src/core/files.ts";

const [operation = "", path = "", text = "", times = "1"] = process.argv.slice(2);

async function work(): Promise<void> {
	if (operation === "read") {
		readFileIfThere(path);
	} else if (operation === "replace") {
		replaceFile(path, text);
	} else if (operation === "append") {
		for (let count = 0; count < Number(times); count += 1) {
			appendLine(path, text);
		}
	} else if (operation === "events-later") {
		const log = openEventLog(path, { runId: "run", taskId: "task", clock: { now: () => 0 } });
		log.write("run.log", { text });
		// The log's own timer was set earlier and for less, so it has fired by then.
		await new Promise((resolve) => setTimeout(resolve, 40));
		console.log("second write");
		log.write("run.log", {});
		console.log("no failure");
	} else {
		const log = openEventLog(path, { runId: "run", taskId: "task", clock: { now: () => 0 } });
		for (let count = 0; count < Number(times); count += 1) {
			log.write("run.status", { text });
		}
		log.close();
	}
}

try {
	armFailPoints(process.env);
	await work();
	console.log("ok");
} catch (error) {
	console.log(error instanceof MsgcodeError ? error.code : String(error));
}
