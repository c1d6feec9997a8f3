// What a health check answers with: one shape for all of them, so that a script can read them by name.
// Invariant: a check never throws; what keeps it from looking is itself a finding.
import { MsgcodeError } from "./errors.ts";

export interface HealthCheck {
	readonly name: string;
	readonly status: "ok" | "warning" | "error";
	/** One sentence: how it stands, or the worst that was found. */
	readonly message: string;
	/** The way out; null where none is needed. */
	readonly hint: string | null;
	/** What was looked at; `findings` lists all that was found wrong. */
	readonly details: Readonly<Record<string, unknown>>;
}

export interface Finding {
	readonly severity: "warning" | "error";
	readonly message: string;
	readonly hint: string | null;
}

export interface Examined {
	/** What is said where nothing was found. */
	readonly summary: string;
	readonly findings?: readonly Finding[];
	readonly details?: Readonly<Record<string, unknown>>;
}

export function warning(message: string, hint: string | null = null): Finding {
	return { severity: "warning", message, hint };
}

export function problem(message: string, hint: string | null = null): Finding {
	return { severity: "error", message, hint };
}

/** Runs one examination and makes its findings a check. */
export async function healthCheck(name: string, examine: () => Examined | Promise<Examined>): Promise<HealthCheck> {
	try {
		const { summary, findings = [], details = {} } = await examine();
		const worst = findings.find(({ severity }) => severity === "error") ?? findings[0];
		if (worst === undefined) return { name, status: "ok", message: summary, hint: null, details };
		const more = findings.length === 1 ? "" : ` (and ${findings.length - 1} more)`;
		const { severity, message, hint } = worst;
		return { name, status: severity, message: `${message}${more}`, hint, details: { ...details, findings } };
	} catch (error) {
		const message = (error as Error).message;
		const known = error instanceof MsgcodeError ? error : null;
		const details = { ...known?.details, code: known?.code ?? "internal" };
		return { name, status: "error", message, hint: known?.hint ?? null, details };
	}
}

/** The Node that runs this. `minimum` is [major, minor]. */
export function checkNode(running: string, minimum: readonly [number, number]): Promise<HealthCheck> {
	return healthCheck("node", () => {
		const [major = 0, minor = 0] = running.split(".").map(Number);
		const enough = major > minimum[0] || (major === minimum[0] && minor >= minimum[1]);
		const findings = enough
			? []
			: [problem(`Node.js ${running} is too old.`, `Install ${minimum.join(".")} or newer.`)];
		return { summary: `Node.js ${running}`, findings, details: { version: running } };
	});
}
