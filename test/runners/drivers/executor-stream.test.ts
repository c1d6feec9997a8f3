// The reader of an executor's stream, cut at every byte.
import { describe, expect, test } from "vitest";
import { type ExecutorStream, readStream } from "../../../src/runners/drivers/http/executor-stream.ts";
import type { SessionLine } from "../../../src/runners/protocol.ts";
import type { RunnerEvent } from "../../../src/runners/runner.ts";
import { okLines } from "../../support/executor.ts";

const LINES = okLines().map((line, at) => `${JSON.stringify({ seq: at + 1, ...line })}\r\n\n`);
const WHOLE = Buffer.from(LINES.join(""));

function empty(): ExecutorStream {
	return { lastSeq: 0, result: null, truncated: 0 };
}

/** Reads connections one after the other. */
function read(...connections: readonly (readonly Uint8Array[])[]) {
	const stream = empty();
	const events: RunnerEvent[] = [];
	const identities: SessionLine[] = [];
	for (const chunks of connections) {
		const reader = readStream(
			stream,
			(event) => events.push(event),
			(identity) => identities.push(identity),
		);
		for (const chunk of chunks) reader.write(chunk);
		reader.end();
	}
	return { stream, events, identities };
}

/** What the executor sends from that number on. */
function from(seq: number): Uint8Array {
	return Buffer.from(LINES.slice(seq - 1).join(""));
}

describe("an executor's stream", () => {
	const expected = read([WHOLE]);

	test("in two pieces, cut at every byte, says the same", () => {
		expect(expected.stream.result?.line.status).toBe("ok");
		for (let at = 0; at <= WHOLE.length; at += 1) {
			expect(read([WHOLE.subarray(0, at), WHOLE.subarray(at)]), `cut at ${at}`).toEqual(expected);
		}
		expect(read([...WHOLE].map((byte) => Uint8Array.of(byte)))).toEqual(expected);
	});

	test("broken off at every byte and gone on with says the same", () => {
		for (let at = 0; at <= WHOLE.length; at += 1) {
			const { stream } = read([WHOLE.subarray(0, at)]);
			expect(read([WHOLE.subarray(0, at)], [from(stream.lastSeq + 1)]), `cut at ${at}`).toEqual(expected);
			// An executor that begins anew although it was asked for the rest.
			expect(read([WHOLE.subarray(0, at)], [WHOLE]), `cut at ${at}`).toEqual(expected);
		}
	});

	test("needs no line end behind its last line", () => {
		const bytes = Buffer.from('{"seq":1,"type":"result","status":"ok"}');
		expect(read([bytes]).stream.result?.line.status).toBe("ok");
	});

	test("with a line of 100 MB takes a bounded memory and says so", () => {
		const piece = Buffer.alloc(1024 * 1024, 0x78);
		const long = [Buffer.from('{"seq":1,"type":"message.delta","data":{"text":"'), ...Array(100).fill(piece)];
		const { stream, events } = read([...long, Buffer.from('"}}\n')]);
		expect(stream).toEqual({ lastSeq: 0, result: null, truncated: 1 });
		expect(events).toMatchObject([{ type: "run.log", data: { truncated: true } }]);
		expect(JSON.stringify(events).length).toBeLessThan(200_000);
	});

	test("may say its session before it has a result", () => {
		const bytes = Buffer.from('{"seq":1,"type":"session","session":"s-1","model":"m","version":"2"}\n');
		expect(read([bytes], [bytes])).toMatchObject({
			identities: [{ session: "s-1", model: "m", version: "2" }],
			events: [],
		});
	});

	test("says nothing after its result", () => {
		const late = Buffer.from('{"seq":9,"type":"message.stop","data":{}}\n');
		expect(read([WHOLE, late])).toEqual(expected);
	});
});
