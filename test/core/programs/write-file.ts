// Runs one writing operation of src/core in a process of its own, so that a fail point or a limit can end it.
// argv: replace | append | events, path, text[, times]. Prints the code of the error, or "ok".

import { MsgcodeError } from "../../../src/core/errors.ts";
import { openEventLog } from "../../../src/core/events.ts";
import { armFailPoints } from "../../../src/core/failpoint.ts";
import { appendLine, replaceFile } from "../../../src/core/files.ts";

const [operation = "", path = "", text = "", times = "1"] = process.argv.slice(2);

function work(): void {
	if (operation === "replace") {
		replaceFile(path, text);
	} else if (operation === "append") {
		for (let count = 0; count < Number(times); count += 1) {
			appendLine(path, text);
		}
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
	work();
	console.log("ok");
} catch (error) {
	console.log(error instanceof MsgcodeError ? error.code : String(error));
}
