// Rotated run logs: each is named after its content and never changes.
import { createHash } from "node:crypto";
import { basename } from "node:path/posix";
import { type Finding, finding, fromHistory } from "./finding.ts";
import type { Look } from "./look.ts";
import { bytesOf } from "./snapshot.ts";

export function checkArchive({ ledger, snapshot }: Look): Finding[] {
	return snapshot.rotated.flatMap((file) => {
		const bytes = bytesOf(ledger.workspace.root, file);
		const named = /^runs-([0-9a-f]{16})\.jsonl$/.exec(basename(file))?.[1];
		if (bytes !== null && named !== undefined && digestsOf(bytes).some((digest) => digest.startsWith(named))) return [];
		const what = bytes === null ? "cannot be read" : "does not have the content that its name was made from";
		return [finding("rotated_name", { file, message: `${file} ${what}.`, hint: fromHistory(file) })];
	});
}

/** Line ends may be the checkout's own. */
function digestsOf(bytes: Buffer): string[] {
	const plain = Buffer.from(bytes.toString("latin1").replaceAll("\r\n", "\n"), "latin1");
	return [bytes, plain].map((content) => createHash("sha256").update(content).digest("hex"));
}
