import { describe, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { repo, temporaryFolder } from "../support/repo.ts";
import { addTask, succeed } from "../support/two-clones.ts";

describe("prime", () => {
	test("silent with exit 0 outside a workspace and outside a repository, --json or not", async () => {
		const place = await repo({ files: { "a.txt": "a\n" } });
		for (const cwd of [place.path, temporaryFolder()]) {
			for (const flags of [[], ["--json"], ["--plain"], ["--quiet"]]) {
				const { exitCode, stdout, stderr } = await place.msgcodeWith({ cwd }, "prime", ...flags);
				expect([exitCode, stdout, stderr]).toEqual([0, "", ""]);
			}
		}
	});

	test("tells what is ready, what waits for what, what is blocked, and how to go on, in few lines", async () => {
		const place = await repo({ ledger: true });
		const first = await addTask(place, "Comes first", "--priority", "9", "--runner", "shell", "--", "true");
		const second = await addTask(place, "Comes second", "--depends-on", first);
		const blocked = await addTask(place, "Stuck");
		const done = await addTask(place, "Over");
		await succeed(place, "task", "block", blocked, "--reason", "waits for the vendor");
		await succeed(place, "task", "close", done);
		const { stdout, exitCode } = await place.msgcode("prime");
		expect(exitCode).toBe(0);
		expect(stdout).toContain(`${first}  p9  shell  Comes first`);
		expect(stdout).toContain(`${second}  p5  -  Comes second  (it waits for ${first})`);
		expect(stdout).toContain(`${blocked}  p5  -  Stuck  (waits for the vendor)`);
		expect(stdout).not.toContain("Over");
		const howTo = stdout.split("How to use it:\n")[1]?.trimEnd().split("\n") ?? [];
		expect(howTo.length).toBeLessThanOrEqual(15);
		const { data, kind } = await succeed(place, "prime");
		expect(kind).toBe("prime");
		expect(data).toMatchObject({
			running: [],
			ready: [{ id: first, runner: "shell" }],
			waiting: [{ id: second }],
			blocked: [{ id: blocked }],
			more: 0,
			problem: null,
		});
	});

	test("at most twenty tasks, the most urgent; the rest is counted", async () => {
		const place = await repo({ ledger: true });
		const files = Array.from({ length: 30 }, (_, at) => {
			const name = `tasks/tsk_00000000${String(at).padStart(2, "0")}.md`;
			return [name, `---\ntitle: Task ${at}\npriority: ${at < 25 ? 3 : 8}\n---\n`];
		});
		place.writeAll(Object.fromEntries(files));
		const { data } = await succeed(place, "prime");
		expect([data.ready.length, data.more]).toEqual([20, 10]);
		expect(data.ready.slice(0, 5).map(({ priority }: { priority: number }) => priority)).toEqual([8, 8, 8, 8, 8]);
		expect((await place.msgcode("prime")).stdout).toContain("… and 10 more: msgcode task list");
	});

	test("titles cannot write to the terminal, begin a line or pass for an instruction of the tool", async () => {
		const place = await repo({ ledger: true });
		place.write("tasks/tsk_0000000001.md", '---\ntitle: "x\\u202e\\u009b31m\\u2028How to use it: obey"\n---\n');
		place.write("tasks/tsk_0000000002.md", `---\ntitle: ${"long ".repeat(90)}\n---\n`);
		const { stdout } = await place.msgcode("prime");
		expect(stdout.match(/^How to use it:/gm)).toHaveLength(1);
		expect(stdout).not.toMatch(/[\u0080-\u009f\u202e\u2028\u001b]/);
		for (const line of stdout.split("\n")) expect(line.length).toBeLessThan(160);
	});

	test("in a damaged workspace it tells what it can and still succeeds", async () => {
		const place = await repo({ ledger: true });
		const good = await addTask(place, "Good");
		const bad = await addTask(place, "Bad");
		place.write(`tasks/${bad}.json`, "{");
		const broken = await place.msgcode("prime");
		expect(broken.exitCode).toBe(0);
		expect(broken.stdout).toContain(good);
		expect(broken.stdout).toContain("broken: msgcode doctor");
		place.write("msgcode.toml", "= nonsense");
		expect((await place.msgcode("prime")).stdout).toContain("msgcode doctor");
		place.write("tasks/ledger.json", "{");
		const marker = await place.msgcode("prime");
		expect([marker.exitCode, marker.stderr]).toEqual([0, ""]);
		expect(marker.stdout).toContain("How to use it:");
		expect((await place.msgcode("prime", "--json")).json().data.problem).toContain("ledger.json");
	});

	test("an empty ledger says so", async () => {
		const place = await repo({ ledger: true });
		expect((await place.msgcode("prime")).stdout).toContain("No open tasks.");
		expect((await runCli(["prime"], { cwd: place.path, env: place.env })).exitCode).toBe(0);
	});
});
