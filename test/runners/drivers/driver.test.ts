// What every driver gets and gives: one result as its last word, whatever happens, and an end when msgcode is gone.
import { describe, expect, test } from "vitest";
import { type Driver, runDriver } from "../../../src/runners/drivers/driver.ts";
import { requestLine } from "../../../src/runners/protocol.ts";
import { request } from "../../support/runner-request.ts";

/** Lines of a stdin that ends when it is told to. */
function stdin(...first: string[]) {
	const waiting = [...first];
	const { promise: ended, resolve: end } = Promise.withResolvers<void>();
	async function* lines(): AsyncGenerator<string> {
		for (let line = waiting.shift(); line !== undefined; line = waiting.shift()) yield line;
		await ended;
	}
	return { lines: lines(), end };
}

async function carryOut(driver: Driver, input: ReturnType<typeof stdin>) {
	const said: { type: string }[] = [];
	const notes: string[] = [];
	const stop = new AbortController();
	const code = await runDriver(driver, {
		lines: input.lines,
		env: {},
		stop,
		write: (line) => void said.push(JSON.parse(line)),
		note: (line) => void notes.push(line),
	});
	return { code, said, notes, stop };
}

const whole = requestLine(request({}));

describe("a driver", () => {
	test("is stopped when its stdin ends, for then msgcode is gone", async () => {
		const input = stdin(whole);
		const driver: Driver = ({ stop }) =>
			new Promise((resolve) => {
				stop.addEventListener("abort", () => resolve({ status: "error", errorCode: "RUNNER_FAILED" }));
				input.end();
			});
		expect(await carryOut(driver, input)).toMatchObject({ code: 0, said: [{ type: "result", status: "error" }] });
	});

	test("is not stopped while its stdin is open", async () => {
		const { stop, said } = await carryOut(async () => ({ status: "ok" }), stdin(whole));
		expect(stop.signal.aborted).toBe(false);
		expect(said).toMatchObject([{ type: "result", status: "ok", errorCode: null }]);
	});

	test("that throws has failed, and says why on stderr alone", async () => {
		const driver: Driver = () => Promise.reject(new Error("the text of a bug"));
		const { said, notes } = await carryOut(driver, stdin(whole));
		expect(said).toMatchObject([{ type: "result", status: "error", errorCode: "RUNNER_FAILED" }]);
		expect(JSON.stringify(said)).not.toContain("the text of a bug");
		expect(notes.join("")).toContain("the text of a bug");
	});

	test.each([["no line"], ["no request", "hello"], ["another protocol", '{"type":"request","protocol":2}']])(
		"that is given %s does nothing",
		async (_, ...lines) => {
			const input = stdin(...lines);
			input.end();
			const driver: Driver = () => Promise.reject(new Error("never called"));
			expect(await carryOut(driver, input)).toMatchObject({ code: 2, notes: [], said: [{ status: "error" }] });
		},
	);
});
