// `msgcode doctor`: named checks of everything that msgcode stands on, as far as each can be looked at.
import { existsSync } from "node:fs";
import type { App } from "../../app.ts";
import { EXIT, MsgcodeError } from "../../core/errors.ts";
import { checkNode, type HealthCheck, healthCheck } from "../../core/health.ts";
import { listClaims } from "../../engine/claim.ts";
import { checkClaims, checkRunners, checkTrust, checkWorktrees } from "../../engine/health.ts";
import { checkGit } from "../../git/health.ts";
import { checkLedger, checkLocks, checkPending, checkWorkspace } from "../../ledger/health.ts";
import type { Style } from "../color.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";
import { visible } from "../terminal-text.ts";

const NODE_MINIMUM = [22, 12] as const;
/** Where an error means that ledger data is damaged, not that something around it is missing. */
const DATA_CHECKS = new Set(["ledger", "pending", "claims"]);

export async function run(context: CommandContext): Promise<CommandResult> {
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
	checks.push(...(app === null ? [await failedWorkspace(unopened)] : await checksOf(app)));
	return {
		kind: "doctor",
		data: checks,
		human: (style) => checks.map((check) => describe(check, style)).join(""),
		plain: () => checks.map(({ name, status, message }) => [name, status, message]),
		exitCode: exitCodeOf(checks, unopened),
	};
}

async function checksOf(app: App): Promise<HealthCheck[]> {
	const { ledger, settings } = app;
	const registry = await app.registry();
	const defaultRunner = settings.runner.default;
	const live = new Set(listClaims(app.workspace.stateDir, ledger.now()).map(({ claim }) => claim.runId));
	return [
		await checkWorkspace(ledger),
		await checkLedger(ledger, (runId) => live.has(runId)),
		await checkLocks(ledger),
		await checkPending(ledger),
		await checkClaims(ledger),
		await checkWorktrees(ledger),
		await checkRunners(ledger, registry, defaultRunner),
		await checkTrust(ledger, { registry, defaultRunner, allowEnv: settings.env.allow }),
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
