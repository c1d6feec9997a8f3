// `msgcode fsck` over many runs and landings: all of them are proven, most of them without asking git for each.
import { expect, test } from "vitest";
import { editLine, fsckOf } from "../support/fsck-scene.ts";
import { addManyRuns } from "../support/many-runs.ts";
import { repo } from "../support/repo.ts";

const RUNS = 120;

test("a ledger of many runs is sound, and one spoiled line among them is found", async () => {
	const place = await repo({ files: { "a.txt": "a\n" }, ledger: true });
	await addManyRuns(place, RUNS);
	const before = performance.now();
	expect(await fsckOf(place)).toEqual({ exitCode: 0, verdict: "ok", codes: [], findings: [] });
	// One spawn of git for each run and landing would take longer than this, whatever the machine does besides.
	expect((performance.now() - before) / RUNS).toBeLessThan(100);
	place.git("gc", "-q");
	editLine(place, "run_20240101T000000Z_00000042", (line) => Object.assign(line, { status: "error" }));
	expect((await fsckOf(place)).codes).toEqual(["line_disagrees"]);
});
