// What every agent program has to show through the built msgcode, each in a fresh repository: what the model does, what is
// asked of msgcode, and what the receipt must then say.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { processesOf } from "../support/crash.ts";
import type { FoundProgram } from "./find-programs.ts";
import { MADE, MADE_TEXT, type Mode } from "./model/api.ts";
import type { ScriptedModel } from "./model/server.ts";
import { makePlace, type Place } from "./place.ts";

export interface CaseResult {
	/** Null where the case does not apply to the program. */
	readonly passed: boolean | null;
	/** One sentence for each thing that is wrong, or why it does not apply. */
	readonly problems: readonly string[];
	readonly tookMs: number;
}

export interface AgentCase {
	readonly name: string;
	/** For the table of the documentation. */
	readonly means: string;
	readonly mode: Mode;
	readonly signedOut?: boolean;
	check(scene: Scene): Promise<void>;
}

interface Receipt {
	readonly status: string;
	readonly errorCode: string | null;
	readonly details: Readonly<Record<string, unknown>>;
	readonly noChanges: boolean;
	readonly session: string | null;
	readonly usage: Readonly<Record<string, number | null>> | null;
	readonly patch: { readonly path: string } | null;
	readonly runner: { readonly version: string | null };
}

interface Scene {
	readonly program: FoundProgram;
	readonly place: Place;
	readonly model: ScriptedModel;
	/** Notes a problem unless it holds. */
	must(holds: boolean, otherwise: string): void;
	/** The id of a new task for the program. */
	addTask(): Promise<string>;
	run(id: string, ...flags: string[]): Promise<Receipt>;
}

const PROMPT = "Write the file made.txt with one line in it.";
const LONGEST_MS = 180_000;

export const agentCases: readonly AgentCase[] = [
	{
		name: "success",
		means: "ok, and the patch holds the file",
		mode: "ok",
		async check({ place, model, must, addTask, run }) {
			const receipt = await run(await addTask());
			mustEnd(must, receipt, "ok", null);
			must(patchOf(place, receipt).includes(`+${MADE_TEXT}`), `the patch does not hold ${MADE}`);
			must(receipt.session !== null, "no session was kept");
			must((receipt.usage?.inputTokens ?? 0) > 0 && (receipt.usage?.outputTokens ?? 0) > 0, "no usage was kept");
			must(model.asked.length > 1, "the model was not asked");
		},
	},
	{
		name: "resume",
		means: "--continue goes on in the same session",
		mode: "ok",
		async check({ place, model, must, addTask, run }) {
			const id = await addTask();
			const first = await run(id);
			mustEnd(must, first, "ok", null);
			const before = model.asked.length;
			const second = await run(id, "--continue");
			mustEnd(must, second, "ok", null);
			must(
				second.session !== null && second.session === first.session,
				`sessions ${first.session} and ${second.session}`,
			);
			const [begun, resumed] = [model.asked[0], model.asked[before]];
			must((resumed?.length ?? 0) > (begun?.length ?? 0), "the second run began a conversation of its own");
			must(patchOf(place, second).includes(`+${MADE_TEXT}`), `the second patch does not hold ${MADE}`);
		},
	},
	{
		name: "usage limit",
		means: "error COOLDOWN",
		mode: "usage",
		async check({ program, must, addTask, run }) {
			const receipt = await run(await addTask());
			mustEnd(must, receipt, "error", "COOLDOWN");
			if (program.limitHasTime === true) must(receipt.details.estimated === false, "the time of its end is not kept");
			const { resetAtMs, estimated } = receipt.details;
			must(
				typeof resetAtMs === "number" ? estimated === false : estimated === true,
				`details ${JSON.stringify(receipt.details)}`,
			);
		},
	},
	{
		name: "rate limit",
		means: "error COOLDOWN, however it is said",
		mode: "e429",
		async check({ must, addTask, run }) {
			mustEnd(must, await run(await addTask()), "error", "COOLDOWN");
		},
	},
	{
		name: "key refused",
		means: "error AUTH_MISSING on HTTP 401",
		mode: "e401",
		async check({ must, addTask, run }) {
			mustEnd(must, await run(await addTask()), "error", "AUTH_MISSING");
		},
	},
	{
		name: "not signed in",
		means: "error AUTH_MISSING, and the model is never asked",
		mode: "ok",
		signedOut: true,
		async check({ model, must, addTask, run }) {
			mustEnd(must, await run(await addTask()), "error", "AUTH_MISSING");
			must(model.asked.length === 0, "the model was asked");
		},
	},
	{
		name: "request refused",
		means: "error, and never ok",
		mode: "failed",
		async check({ must, addTask, run }) {
			const receipt = await run(await addTask());
			must(receipt.status === "error" && receipt.errorCode !== null, `ended ${receipt.status} (${receipt.errorCode})`);
			must(receipt.noChanges, "the patch is not empty");
		},
	},
	{
		name: "hang, canceled",
		means: "canceled, what was written so far is in the patch, no process is left",
		mode: "stall",
		async check({ place, model, must, addTask, run }) {
			const id = await addTask();
			const ended = run(id);
			const isStalled = () => model.asked.some(({ results }) => results > 0);
			await Promise.race([until(isStalled), ended]);
			must(isStalled(), "the program never came to the second turn");
			const [runId = ""] = readdirSync(join(place.path, ".git/msgcode/runs"));
			const canceled = await place.msgcode(["run", "cancel", runId]);
			must(canceled.code === 0, `run cancel: ${canceled.stderr}`);
			const receipt = await ended;
			mustEnd(must, receipt, "canceled", "RUN_CANCELED");
			must(patchOf(place, receipt).includes(`+${MADE_TEXT}`), `the patch does not hold ${MADE}`);
		},
	},
	{
		name: "hang, timeout",
		means: "timeout RUN_TIMEOUT, no process is left",
		mode: "hang",
		async check({ must, addTask, run }) {
			mustEnd(must, await run(await addTask(), "--timeout", "6s"), "timeout", "RUN_TIMEOUT");
		},
	},
];

/** Runs the case; whatever goes wrong is a problem of the case. */
export async function runCase(
	one: AgentCase,
	program: FoundProgram,
	model: ScriptedModel,
	keep: boolean,
): Promise<CaseResult> {
	const began = performance.now();
	const took = () => Math.round(performance.now() - began);
	const signIn = one.signedOut === true ? program.signedOut : program.signIn;
	if (signIn === null) return { passed: null, problems: ["without a login it asks its vendor's service"], tookMs: 0 };
	const problems: string[] = [];
	const must = (holds: boolean, otherwise: string) => {
		if (!holds) problems.push(otherwise);
	};
	let place: Place | null = null;
	try {
		place = await makePlace(program, (home) => signIn(home, model.address(one.mode)));
		const at = place;
		await one.check({
			program,
			place,
			model,
			must,
			addTask: () => addTask(at, program.id),
			run: (id, ...flags) => runTask(at, id, flags),
		});
		must(processesOf(place).length === 0, `processes are left: ${processesOf(place).join("; ")}`);
	} catch (error) {
		problems.push(error instanceof Error ? error.message : String(error));
	} finally {
		if (keep) process.stderr.write(`${program.id}, ${one.name}: ${place?.path}\n`);
		else place?.remove();
	}
	return { passed: problems.length === 0, problems, tookMs: took() };
}

async function addTask(place: Place, runner: string): Promise<string> {
	const added = await place.msgcode([
		"task",
		"add",
		"Write the file",
		"--runner",
		runner,
		"--prompt",
		PROMPT,
		"--json",
	]);
	if (added.code !== 0) throw new Error(`task add failed: ${added.stdout}`);
	return JSON.parse(added.stdout).data.id;
}

async function runTask(place: Place, id: string, flags: readonly string[]): Promise<Receipt> {
	const limit = flags.includes("--timeout") ? [] : ["--timeout", `${LONGEST_MS / 1000}s`];
	const ran = await place.msgcode(["task", "run", id, "--worktree", "--json", ...limit, ...flags]);
	const document = JSON.parse(ran.stdout);
	if (document.kind === "error") throw new Error(`task run: ${document.error.code}: ${document.error.message}`);
	return document.data;
}

function patchOf(place: Place, { patch }: Receipt): string {
	const file = join(place.path, patch?.path ?? "");
	return patch !== null && existsSync(file) ? readFileSync(file, "utf8") : "";
}

function mustEnd(must: Scene["must"], receipt: Receipt, status: string, errorCode: string | null): void {
	const { details } = receipt;
	must(
		receipt.status === status && receipt.errorCode === errorCode,
		`ended ${receipt.status} (${receipt.errorCode}, ${JSON.stringify(details)}) instead of ${status} (${errorCode})`,
	);
}

async function until(fact: () => boolean): Promise<void> {
	for (const deadline = Date.now() + LONGEST_MS; !fact() && Date.now() < deadline; ) await sleep(50);
}
