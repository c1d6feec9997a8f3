// `msgcode doctor`: named checks of everything that msgcode stands on, as far as each can be looked at; with --fix also what
// can be mended, and with --yes its mending. Invariant: without both flags nothing is changed.
import { existsSync } from "node:fs";
import type { App } from "../../app.ts";
import { EXIT, MsgcodeError } from "../../core/errors.ts";
import { checkNode, type HealthCheck, healthCheck } from "../../core/health.ts";
import { NODE_MINIMUM } from "../../core/version.ts";
import { checkClaims, checkRunners, checkTrust, checkWorktrees } from "../../engine/health.ts";
import { listClaims } from "../../engine/run/claim.ts";
import { checkGit } from "../../git/health.ts";
import type { Found, MadeFix } from "../../ledger/fixes/mend.ts";
import { checkLedger, checkLocks, checkPending, checkWorkspace } from "../../ledger/health.ts";
import { AUTO } from "../../runners/auto.ts";
import type { Style } from "../color.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { fixData, foundText, madeText } from "../fix-text.ts";
import { openFor } from "../open.ts";
import { basisOf } from "../permission.ts";
import { visible } from "../terminal-text.ts";

/** Where an error means that ledger data is damaged, not that something around it is missing. */
const DATA_CHECKS = new Set(["ledger", "pending", "claims"]);

interface Options {
	readonly fix?: boolean;
}

export async function run(context: CommandContext, _args: readonly string[], options: Options): Promise<CommandResult> {
	const { io, start } = context;
	const checks: HealthCheck[] = [
		await checkNode(process.versions.node, NODE_MINIMUM),
		await checkGit(io.env, [start, io.cwd].find((folder) => existsSync(folder)) ?? "/"),
	];
	let unopened: unknown = null;
	const app = await openFor(context, "doctor").catch((error: unknown) => {
		unopened = error;
		return null;
	});
	const mending = options.fix === true ? await mend(context, app) : null;
	checks.push(...(app === null ? [await failedWorkspace(unopened)] : await checksOf(app)));
	if (mending !== null) return mendingResult(mending, checks, exitCodeOf(checks, unopened));
	return {
		kind: "doctor",
		data: checks,
		human: (style) => checks.map((check) => describe(check, style)).join(""),
		plain: () => checks.map(({ name, status, message }) => [name, status, message]),
		exitCode: exitCodeOf(checks, unopened),
	};
}

interface Mending {
	readonly found: Found;
	/** null in a dry run. */
	readonly made: readonly MadeFix[] | null;
}

/** Looks for fixes and, with --yes, makes them. What is left for a person is what is left afterwards. */
async function mend(context: CommandContext, app: App | null): Promise<Mending> {
	if (app === null) return { found: { fixes: [], undecided: [] }, made: null };
	const { findFixes, makeFixes } = await import("../../ledger/fixes/mend.ts");
	const isLive = liveRuns(app);
	const made = context.flags.yes && !context.flags.dryRun ? await makeFixes(app.ledger, isLive) : null;
	return { found: await findFixes(app.ledger, isLive), made };
}

function mendingResult({ found, made }: Mending, checks: readonly HealthCheck[], exitCode: number): CommandResult {
	const fixes = made === null ? found.fixes.map((fix) => fixData(fix, null)) : made.map((one) => fixData(one.fix, one));
	const failed = made?.some(({ failure }) => failure !== null) === true;
	const text = (style: Style) => (made === null ? foundText(found, style) : madeText(made, found.undecided, style));
	return {
		kind: "doctor.fix",
		data: { dryRun: made === null, fixes, undecided: found.undecided, checks },
		human: (style) => `${checks.map((check) => describe(check, style)).join("")}\n${text(style)}`,
		plain: () => planRows(found, made),
		exitCode: exitCode === EXIT.ok && failed ? EXIT.failed : exitCode,
		...(made === null && found.fixes.length > 0 ? { next: "msgcode doctor --fix --yes" } : {}),
	};
}

function planRows(found: Found, made: readonly MadeFix[] | null): (readonly unknown[])[] {
	const row = (state: string, { code, file, message }: Found["undecided"][number] | Found["fixes"][number]) => [
		state,
		code,
		file,
		message,
	];
	const left = found.undecided.map((one) => [...row("by hand", one), null]);
	if (made === null) return [...found.fixes.map((fix) => [...row("would fix", fix), null]), ...left];
	return [
		...made.map(({ fix, commit, failure }) => [...row(failure === null ? "fixed" : "not fixed", fix), commit]),
		...left,
	];
}

/** Tells the runs that have not ended: their folders may stand without a line. */
function liveRuns(app: App): (runId: string) => boolean {
	const live = new Set(listClaims(app.workspace.stateDir, app.ledger.now()).map(({ claim }) => claim.runId));
	return (runId) => live.has(runId);
}

async function checksOf(app: App): Promise<HealthCheck[]> {
	const { ledger, settings } = app;
	const registry = await app.registry();
	const defaultRunner = settings.runner.default;
	return [
		await checkWorkspace(ledger),
		await checkLedger(ledger, liveRuns(app)),
		await checkLocks(ledger),
		await checkPending(ledger),
		await checkClaims(ledger),
		await checkWorktrees(ledger),
		await checkRunners(ledger, registry, defaultRunner),
		await checkTrust(ledger, { registry, ...basisOf(app) }, () => app.resolveRunner(AUTO).catch(() => null)),
	];
}

function failedWorkspace(error: unknown): Promise<HealthCheck> {
	return healthCheck("workspace", () => {
		throw error;
	});
}

function exitCodeOf(checks: readonly HealthCheck[], unopened: unknown): number {
	const failed = checks.filter(({ status }) => status === "error").map(({ name }) => name);
	if (unopened instanceof MsgcodeError) {
		const { exitCode } = unopened;
		return exitCode === EXIT.notFound || exitCode === EXIT.damaged ? exitCode : EXIT.failed;
	}
	if (failed.some((name) => DATA_CHECKS.has(name))) return EXIT.damaged;
	return failed.length > 0 ? EXIT.failed : EXIT.ok;
}

function describe({ name, status, message, hint, details }: HealthCheck, style: Style): string {
	const paint = status === "ok" ? style.green : status === "warning" ? style.yellow : style.red;
	const findings = (details.findings ?? []) as readonly { message: string; hint: string | null; severity: string }[];
	const head = `${paint(status.padEnd(7))}  ${style.bold(name.padEnd(9))}  `;
	if (findings.length < 2) return `${head}${visible(message)}\n${hintLine(hint, style)}`;
	const lines = findings.map((finding) => `${INDENT}${visible(finding.message)}\n${hintLine(finding.hint, style)}`);
	return `${head}${findings.length} findings\n${lines.join("")}`;
}

const INDENT = " ".repeat(20);

function hintLine(hint: string | null, style: Style): string {
	return hint === null ? "" : `${INDENT}${style.dim("hint:")} ${visible(hint)}\n`;
}
