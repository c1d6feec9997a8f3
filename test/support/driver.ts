// Runs a driver within this process, as src/driver.ts does, and reads what it said the way that its runner does.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { shippedCapabilities } from "../../src/runners/capabilities.ts";
import { type Driver, runDriver } from "../../src/runners/drivers/driver.ts";
import { replyLine, requestLine } from "../../src/runners/protocol.ts";
import { protocolRunner } from "../../src/runners/protocol-runner.ts";
import type { RunnerEvent, RunnerOutcome, RunnerRequest } from "../../src/runners/runner.ts";
import { temporaryFolder } from "./repo.ts";
import { EXITED, request } from "./runner-request.ts";

export interface DriverRun {
	readonly outcome: RunnerOutcome;
	readonly events: readonly RunnerEvent[];
	/** What the assistant said, without its thinking. */
	readonly text: string;
	readonly notes: string;
	readonly runDir: string;
	readonly results: number;
	/** Characters of the longest line that it said. */
	readonly longestLine: number;
}

export interface DriverOptions {
	readonly payload?: Partial<RunnerRequest["payload"]>;
	readonly context?: Partial<RunnerRequest["context"]>;
	readonly constraints?: Partial<RunnerRequest["constraints"]>;
	readonly workspacePath?: string;
	readonly env?: Readonly<Record<string, string>>;
	/** Stops the driver. */
	readonly stop?: AbortController;
	/** What a person answers to each question. */
	readonly answer?: string;
}

export async function drive(id: string, driver: Driver, options: DriverOptions = {}): Promise<DriverRun> {
	const runDir = join(temporaryFolder(), "run");
	mkdirSync(runDir);
	const base = request(options.payload, { runDir, ...options.context });
	const asked: RunnerRequest = {
		...base,
		workspacePath: options.workspacePath ?? runDir,
		constraints: { ...base.constraints, ...options.constraints },
	};
	const capability = shippedCapabilities.find((one) => one.id === id);
	if (capability?.exec === undefined) throw new Error(`${id} is no driver`);
	const runner = protocolRunner(capability, capability.exec);
	const seen = runner.begin();
	const events: RunnerEvent[] = [];
	const stop = options.stop ?? new AbortController();
	const lines = new Lines(requestLine(asked));
	let notes = "";
	let results = 0;
	let longestLine = 0;
	const exitCode = await runDriver(driver, {
		lines,
		env: options.env ?? {},
		stop,
		write(line) {
			longestLine = Math.max(longestLine, line.length);
			if (line.startsWith('{"type":"result"')) results += 1;
			for (const event of runner.interpret(seen, "stdout", line.trimEnd(), false)) {
				events.push(event);
				const { questionId } = event.data;
				const asks = event.type === "human_loop.requested" && typeof questionId === "string";
				if (asks && options.answer !== undefined) lines.push(replyLine(questionId, options.answer));
			}
		},
		note: (line) => {
			notes += line;
		},
	});
	lines.end();
	const text = events
		.map(({ type, data }) => (type === "message.delta" && data.thinking !== true ? String(data.text) : ""))
		.join("");
	return { outcome: runner.outcome({ ...EXITED, exitCode }, seen), events, text, notes, runDir, results, longestLine };
}

/** stdin that stays open until it is ended. */
class Lines implements AsyncIterable<string> {
	#waiting: string[];
	#wake = Promise.withResolvers<void>();
	#over = false;

	constructor(first: string) {
		this.#waiting = [first];
	}

	push(line: string): void {
		this.#waiting.push(line);
		this.#wake.resolve();
	}

	end(): void {
		this.#over = true;
		this.#wake.resolve();
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<string> {
		for (;;) {
			for (let line = this.#waiting.shift(); line !== undefined; line = this.#waiting.shift()) yield line;
			if (this.#over) return;
			await this.#wake.promise;
			this.#wake = Promise.withResolvers<void>();
		}
	}
}
