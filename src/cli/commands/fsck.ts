// `msgcode fsck`: whether the ledger, its runs and its history are sound, as far as this clone can tell.
import { EXIT } from "../../core/errors.ts";
import { listClaims } from "../../engine/run/claim.ts";
import type { Finding, Verdict } from "../../fsck/finding.ts";
import { type Check, fsck } from "../../fsck/fsck.ts";
import type { Style } from "../color.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { wrap } from "../help.ts";
import { openFor } from "../open.ts";
import { visible } from "../terminal-text.ts";

/** Findings of one kind that a person is shown; --json has all of them. */
const SHOWN = 5;
const INDENT = "    ";
const DEEP_INDENT = INDENT.repeat(2);

export async function run(context: CommandContext): Promise<CommandResult> {
	const app = await openFor(context, "fsck");
	const live = new Set(listClaims(app.workspace.stateDir, app.ledger.now()).map(({ claim }) => claim.runId));
	const report = await fsck(app.ledger, (runId) => live.has(runId));
	const findings = report.checks.flatMap((check) => check.findings);
	const count = (verdict: Verdict) => findings.filter((one) => one.verdict === verdict).length;
	const counts = { checks: report.checks.length, damaged: count("damaged"), unverifiable: count("unverifiable") };
	return {
		kind: "fsck",
		data: { verdict: report.verdict, counts, checks: report.checks },
		human: (style) =>
			`${report.checks.map((check) => describe(check, style)).join("")}${lastLine(counts, report.verdict, style)}`,
		plain: () => report.checks.flatMap(rowsOf),
		exitCode: report.verdict === "damaged" ? EXIT.damaged : EXIT.ok,
	};
}

function describe({ name, verdict, summary, findings }: Check, style: Style): string {
	const head = `${paint(verdict, style)(verdict.padEnd(12))}  ${style.bold(name.padEnd(12))}  ${style.dim(summary)}\n`;
	const kinds = Map.groupBy(findings, ({ code }) => code);
	return head + [...kinds.values()].map((ofOneKind) => describeKind(ofOneKind, style)).join("");
}

function describeKind(findings: readonly Finding[], style: Style): string {
	const shown = findings.slice(0, SHOWN).map((one) => {
		const { code, verdict, message, hint } = one;
		const place = placeOf(one);
		const title = `${INDENT}${paint(verdict, style)(code)}${place === "" ? "" : `  ${visible(place)}`}\n`;
		return title + paragraph(message, style.width) + paragraph(`hint: ${hint}`, style.width, style.dim);
	});
	const more = findings.length - SHOWN;
	return shown.join("") + (more > 0 ? `${INDENT}… and ${more} more of this kind; --json lists all\n` : "");
}

function placeOf({ file, line }: Finding): string {
	if (file === undefined) return "";
	return line === undefined ? file : `${file}:${line}`;
}

function paragraph(text: string, width: number, look: (text: string) => string = (same) => same): string {
	const lines = wrap(visible(text), width - DEEP_INDENT.length, "").split("\n");
	return lines.map((line) => `${DEEP_INDENT}${look(line)}\n`).join("");
}

function lastLine(
	counts: { readonly checks: number; readonly damaged: number; readonly unverifiable: number },
	verdict: Verdict,
	style: Style,
): string {
	const { checks, damaged, unverifiable } = counts;
	const parts = [
		...(damaged > 0 ? [`${damaged} damaged`] : []),
		...(unverifiable > 0 ? [`${unverifiable} that cannot be judged here`] : []),
	];
	return `${paint(verdict, style)(verdict)}: ${parts.length === 0 ? "nothing found" : parts.join(", ")} (${checks} checks)\n`;
}

function rowsOf({ name, verdict, summary, findings }: Check): readonly (readonly unknown[])[] {
	return [
		[name, verdict, summary],
		...findings.map((one) => [name, one.verdict, one.code, placeOf(one), one.message, one.hint]),
	];
}

function paint(verdict: Verdict, style: Style): (text: string) => string {
	if (verdict === "ok") return style.green;
	return verdict === "damaged" ? style.red : style.yellow;
}
