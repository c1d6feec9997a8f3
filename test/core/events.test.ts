import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
	appendFileSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RunEvent } from "../../src/core/event.ts";
import { type EventLogOptions, openEventLog, readEvents } from "../../src/core/events.ts";
import { redactSecrets } from "../../src/trust/secrets.ts";

let folder: string;
let path: string;

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "msgcode-events-"));
	path = join(folder, "events.jsonl");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5) };
const open = (options: Partial<EventLogOptions> = {}) =>
	openEventLog(path, { runId: "run_1", taskId: "tsk_1", clock, ...options });
const lines = () => readFileSync(path, "utf8").split("\n").slice(0, -1);
const sequence = (from?: number) => [...readEvents(path, from)].map((event) => event.seq);

function readAll(): { events: RunEvent[]; torn: boolean } {
	const reader = readEvents(path);
	return { events: [...reader], torn: reader.torn };
}

describe("an event log", () => {
	it("writes one line per event with a gapless sequence, the time and the ids", () => {
		const log = open();
		log.write("run.started", { argv: ["true"] });
		log.write("message.delta", { text: "hello" });
		log.close();
		expect(lines()[0]).toBe(
			'{"v":1,"seq":1,"ts":"2026-01-02T03:04:05.000Z","runId":"run_1","taskId":"tsk_1","type":"run.started","data":{"argv":["true"]}}',
		);
		expect(readAll()).toMatchObject({ torn: false, events: [{ seq: 1 }, { seq: 2, data: { text: "hello" } }] });
	});

	it("redacts names too, and values that are secrets by the name beside them", () => {
		const log = open({ redact: redactSecrets });
		const token = `ghp_${"a1B2c3D4e5".repeat(4)}`.slice(0, 40);
		const key = "q8Zr2Lw9Tn4Xv7Bk1Mp6";
		log.write("tool.started", { input: { [token]: 1, env: { API_KEY: key, name: "left-as-it-is-1" } } });
		log.close();
		const text = lines().join();
		expect(text).not.toContain(token);
		expect(text).not.toContain(key);
		expect(text).toContain('"API_KEY":"[redacted assigned-secret]"');
		expect(text).toContain('"name":"left-as-it-is-1"');
	});

	it("closes with the digest and the number of lines of the whole file, also when it was continued", () => {
		const first = open();
		first.write("run.started", {});
		first.close();
		const second = open();
		second.write("run.finished", {});
		const sha256 = () => `sha256:${createHash("sha256").update(readFileSync(path)).digest("hex")}`;
		const closed = second.close();
		expect(closed).toEqual({ sha256: sha256(), lines: 2 });
		expect(second.close()).toEqual(closed);
		expect(sequence()).toEqual([1, 2]);
	});

	it("shows a buffered event to a reader without waiting for the next, and a status at once", async () => {
		const log = open();
		log.write("message.delta", { text: "soon" });
		await vi.waitFor(() => expect(sequence()).toEqual([1]), { interval: 5 });
		log.write("run.status", { status: "running" });
		expect(sequence()).toEqual([1, 2]);
		log.close();
	});

	it("keeps the order when events of both kinds mix, and flushes a flood before it is large", () => {
		const log = open();
		for (let count = 0; count < 300; count += 1) {
			log.write(count % 7 === 0 ? "run.status" : "run.log", { text: "x".repeat(500) });
		}
		expect(statSync(path).size).toBeGreaterThan(64 * 1024);
		log.close();
		expect(sequence()).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
	});

	it("goes on after a torn last line, which stays as it is", () => {
		const log = open();
		log.write("run.started", {});
		log.write("run.log", {});
		log.close();
		const whole = readFileSync(path, "utf8");
		writeFileSync(path, whole.slice(0, -20));
		const next = open();
		next.write("run.warning", { code: "continued" });
		const { sha256, lines: count } = next.close();
		expect(readFileSync(path, "utf8").startsWith(`${whole.slice(0, -20)}\n{"v":1,"seq":2,`)).toBe(true);
		expect(readAll()).toMatchObject({ torn: true, events: [{ seq: 1 }, { seq: 2 }] });
		expect(count).toBe(3);
		expect(sha256).toBe(`sha256:${createHash("sha256").update(readFileSync(path)).digest("hex")}`);
	});

	it("gives a last line its missing newline when only that was cut off", () => {
		const log = open();
		log.write("run.started", {});
		log.close();
		writeFileSync(path, readFileSync(path, "utf8").trimEnd());
		expect(readAll()).toEqual({ events: [], torn: true });
		const next = open();
		next.write("run.finished", {});
		next.close();
		expect(readAll()).toMatchObject({ torn: false, events: [{ seq: 1 }, { seq: 2 }] });
	});

	it("applies the redaction to every text, however deep, before it is cut or written", () => {
		const log = open({ redact: (text) => text.replaceAll("hunter2", "[redacted]") });
		const long = `${"x".repeat(300_000)}hunter2`;
		log.write("tool.finished", { output: "hunter2", list: [{ inner: "a hunter2 b" }], long, count: 2 });
		log.close();
		expect(readFileSync(path, "utf8")).not.toContain("hunter2");
		expect(readAll().events[0]?.data).toMatchObject({
			output: "[redacted]",
			list: [{ inner: "a [redacted] b" }],
			count: 2,
		});
	});

	it("refuses an event after its end, and a link in the place of its file", () => {
		const log = open();
		log.close();
		expect(() => log.write("run.log", {})).toThrow(expect.objectContaining({ code: "internal" }));
		symlinkSync(path, join(folder, "link"));
		expect(() => openEventLog(join(folder, "link"), { runId: "", taskId: "", clock })).toThrow(
			expect.objectContaining({ code: "file_failed" }),
		);
	});

	it("holds only whole lines when the space ends in the middle of one", () => {
		const program = join(import.meta.dirname, "programs/use-files.ts");
		const command = `trap '' XFSZ; ulimit -f 1; exec "$0" "$@"`;
		const args = [process.execPath, program, "events", path, "x".repeat(500), "3"];
		const child = spawnSync("bash", ["-c", command, ...args], { encoding: "utf8" });
		expect(child.stdout.trim()).toBe("file_failed");
		expect(readAll()).toMatchObject({ torn: false, events: [{ seq: 1 }] });
	});
});

it("a write that failed in the background is told by the next write", () => {
	const program = join(import.meta.dirname, "programs/use-files.ts");
	const command = `trap '' XFSZ; ulimit -f 1; exec "$0" "$@"`;
	const args = [process.execPath, program, "events-later", path, "x".repeat(1500)];
	const child = spawnSync("bash", ["-c", command, ...args], { encoding: "utf8" });
	expect(child.stdout).toBe("second write\nfile_failed\n");
});

describe("data that is too much", () => {
	it.each([
		["one long text", { text: "😀".repeat(200_000) }],
		["many texts", { list: Array.from({ length: 3000 }, () => "é".repeat(300)) }],
		["endless numbers", { list: Array.from({ length: 200_000 }, (_, index) => index) }],
		["long keys", { ["k".repeat(300_000)]: 1 }],
	])("(%s) is cut to a line of at most 256 KiB and marked", (_, data) => {
		const log = open();
		log.write("run.unknown", data);
		log.write("run.finished", {});
		log.close();
		expect(Math.max(...lines().map((line) => Buffer.byteLength(line)))).toBeLessThanOrEqual(256 * 1024);
		expect(readAll()).toMatchObject({ torn: false, events: [{ data: { truncated: true } }, { data: {} }] });
	});

	it("(nested a hundred thousand deep) does not overflow the stack", () => {
		const log = open();
		log.write("run.unknown", { deep: JSON.parse("[".repeat(100_000) + "]".repeat(100_000)) as unknown });
		log.close();
		expect(readAll().events[0]?.data).toMatchObject({ truncated: true });
	});

	it("(what JSON cannot hold) becomes text or is left out", () => {
		const log = open();
		log.write("run.usage", { tokens: 12n, nothing: undefined, lone: "\ud800" });
		log.close();
		expect(readAll().events[0]?.data).toEqual({ tokens: "12", lone: "\ud800" });
	});
});

describe("over the caps", () => {
	const types = () => readAll().events.map((event) => event.type);

	it("of events exactly one warning is written, then only what tells the run's end and what people are asked", () => {
		const log = open({ maxEvents: 3 });
		for (let count = 0; count < 10; count += 1) {
			log.write("run.log", { count });
		}
		log.write("human_loop.requested", { questionId: "q" });
		log.write("run.status", { status: "collecting" });
		log.write("run.warning", { code: "other" });
		log.write("run.finished", { status: "ok" });
		log.close();
		expect(types()).toEqual([
			...["run.log", "run.log", "run.log", "run.warning"],
			...["human_loop.requested", "run.status", "run.finished"],
		]);
		expect(readAll().events[3]?.data).toMatchObject({ code: "events_truncated" });
		expect(sequence()).toEqual([1, 2, 3, 4, 5, 6, 7]);
	});

	it("of bytes the same, and a second opening does not warn again", () => {
		const log = open({ maxBytes: 1000 });
		for (let count = 0; count < 10; count += 1) {
			log.write("run.log", { text: "x".repeat(200) });
		}
		log.close();
		const before = types();
		const again = open({ maxBytes: 1000 });
		again.write("run.log", {});
		again.write("run.finished", {});
		again.close();
		expect(before.filter((type) => type === "run.warning")).toHaveLength(1);
		expect(types()).toEqual([...before, "run.finished"]);
	});
});

describe("reading events", () => {
	it("starts where it is told, and finds nothing in a file that is not there", () => {
		expect(sequence()).toEqual([]);
		const log = open();
		for (let count = 0; count < 5; count += 1) {
			log.write("run.log", {});
		}
		log.close();
		expect(sequence(4)).toEqual([4, 5]);
	});

	it("steps over lines that are no events and says so", () => {
		appendFileSync(path, 'garbage\n\n[1]\n{"seq":"1","type":"x","data":{}}\n{"seq":1,"type":"new.kind","data":{}}\n');
		expect(readAll()).toMatchObject({ torn: true, events: [{ type: "new.kind" }] });
	});

	it("joins lines and characters over the edges of its pieces", () => {
		const log = open();
		const text = "ä€😀".repeat(9000);
		log.write("run.log", { text });
		log.write("run.log", { text });
		log.close();
		expect(readAll().events.map((event) => event.data.text)).toEqual([text, text]);
	});

	it("does not keep a line of 160 megabytes in memory", () => {
		writeFileSync(path, "");
		truncateSync(path, 160 * 1024 * 1024);
		appendFileSync(path, '\n{"v":1,"seq":1,"type":"run.log","data":{}}\n');
		const before = process.resourceUsage().maxRSS;
		expect(readAll()).toMatchObject({ torn: true, events: [{ seq: 1 }] });
		expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(100);
	});

	it("does not take the beginning of an over-long line for an event", () => {
		writeFileSync(
			path,
			`{"v":1,"seq":1,"type":"run.log","data":{}}${" ".repeat(600 * 1024)}x${" ".repeat(200 * 1024)}\n`,
		);
		expect(readAll()).toEqual({ torn: true, events: [] });
	});
});
