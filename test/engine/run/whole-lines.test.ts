// Pieces of what a runner says become whole lines, so that no secret is torn apart before it is looked for.
import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { EventData } from "../../../src/core/event.ts";
import { byWholeLines } from "../../../src/engine/run/whole-lines.ts";
import { redactSecrets } from "../../../src/trust/secrets.ts";

type Said = readonly [type: string, data: EventData];

function through(...events: readonly Said[]): Said[] {
	const written: Said[] = [];
	const write = byWholeLines((type, data) => void written.push([type, data]));
	for (const [type, data] of events) write(type as Parameters<typeof write>[0], data);
	return written;
}

const delta = (text: string, more: EventData = {}): Said => ["message.delta", { text, ...more }];
const stop: Said = ["message.stop", {}];

describe("pieces of a text", () => {
	test("are written as whole lines, and the rest before whatever comes next", () => {
		expect(through(delta("a"), delta("b\nc"), delta("d"), stop)).toEqual([delta("ab\n"), delta("cd"), stop]);
		expect(through(delta("Now"), ["tool.started", { name: "x" }])).toEqual([
			delta("Now"),
			["tool.started", { name: "x" }],
		]);
	});

	test("hide a secret that came in two of them", () => {
		const secret = `ghp_${"a1B2c3D4e5".repeat(4)}`.slice(0, 40);
		for (let at = 1; at < secret.length; at += 1) {
			const written = through(delta(`my key ${secret.slice(0, at)}`), delta(`${secret.slice(at)} is it`), stop);
			const text = written.map(([, data]) => redactSecrets(String(data.text ?? ""))).join("");
			expect(text).toBe("my key [redacted github-token] is it");
		}
	});

	test("of a thought and of what is said aloud stay apart", () => {
		const thought = delta("Hm.", { thinking: true });
		expect(through(thought, delta("Yes."), stop)).toEqual([thought, delta("Yes."), stop]);
	});

	test("with anything nested beside them, however deep, stay apart", () => {
		const deep = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`);
		expect(through(delta("a", { deep }), delta("b", { deep: [] }), stop)).toHaveLength(3);
	});

	test("without an end are not held back for ever", () => {
		const word = "x".repeat(3000);
		const written = through(delta(word), delta(` ${word}`), delta(word), delta(word));
		expect(written.map(([, data]) => (data.text as string).length)).toEqual([3001, 6000]);
	});

	test("are heard after a silence; a failure then is met again by whoever writes next", () => {
		vi.useFakeTimers();
		const written: Said[] = [];
		let full = false;
		const write = byWholeLines((type, data) => {
			if (full) throw new Error("no space");
			written.push([type, data]);
		});
		write("message.delta", { text: "Hm" });
		vi.advanceTimersByTime(999);
		expect(written).toEqual([]);
		vi.advanceTimersByTime(1);
		expect(written).toEqual([delta("Hm")]);
		write("message.delta", { text: "Yes" });
		full = true;
		vi.advanceTimersByTime(1000);
		expect(() => write("message.stop", {})).toThrow("no space");
		full = false;
		vi.useRealTimers();
	});

	test("joined are the text, whatever it is and however it was cut", () => {
		const events = fc.array(
			fc.oneof(
				fc.string().map((text) => delta(text)),
				fc.constant(stop),
			),
		);
		fc.assert(
			fc.property(events, (events) => {
				const joined = (list: readonly Said[]) =>
					list.map(([type, { text }]) => (type === "message.stop" ? "\0" : text)).join("");
				expect(joined(through(...events, stop))).toBe(joined([...events, stop]));
			}),
		);
	});

	test("that are no text are left as they are", () => {
		expect(through(["message.delta", { text: 1 }])).toEqual([["message.delta", { text: 1 }]]);
	});
});
