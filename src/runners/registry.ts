// Which runners there are: the shipped ones and those that the settings declare.
// Invariant: one bad declaration disables only itself, and nothing can take the place of the shell runner.

import { type ExecDeclaration, execDeclarationSchema } from "../config/exec-declaration.ts";
import { MsgcodeError } from "../core/errors.ts";
import { agents } from "./agents/agents.ts";
import { type Capability, declaredCapability, shippedCapabilities } from "./capabilities.ts";
import { execRunner } from "./exec.ts";
import { placeholderProblem } from "./placeholders.ts";
import { protocolRunner } from "./protocol-runner.ts";
import type { Runner } from "./runner.ts";
import { shellRunner } from "./shell.ts";

export interface RegistryEntry {
	readonly id: string;
	readonly origin: "shipped" | "settings";
	/** Null when the declaration is not valid. */
	readonly capability: Capability | null;
	/** What is wrong with the declaration. */
	readonly problem: string | null;
}

export interface Registry {
	/** Throws runner_unknown, or settings_invalid when the declaration of that runner is bad. */
	get(kind: string): Runner;
	/** All runners, by id. */
	list(): RegistryEntry[];
}

/** `shipped` are sound records; `declarations` come from the settings and are checked here; a declared runner goes before a shipped one. */
export function createRegistry(
	shipped: readonly Capability[] = shippedCapabilities,
	declarations: Readonly<Record<string, unknown>> = {},
): Registry {
	const entries = new Map<string, RegistryEntry>();
	for (const capability of shipped) {
		const problem = capability.exec === undefined ? null : execProblem(capability.exec);
		entries.set(capability.id, { id: capability.id, origin: "shipped", capability, problem });
	}
	for (const [id, declaration] of Object.entries(declarations)) {
		entries.set(id, declaredEntry(id, declaration, entries.get(id)?.capability ?? null));
	}
	return {
		get(kind) {
			const entry = entries.get(kind);
			if (entry === undefined) {
				throw new MsgcodeError("runner_unknown", `There is no runner ${JSON.stringify(kind)}.`, {
					hint: `Runners here: ${[...entries.keys()].sort().join(", ")}. Others are declared in msgcode.toml.`,
					details: { kind, known: [...entries.keys()].sort() },
				});
			}
			const { capability, problem } = entry;
			if (capability === null || problem !== null) {
				throw new MsgcodeError("settings_invalid", `The runner ${kind} is not declared well: ${problem}`, {
					hint: `Correct runners.${kind} in msgcode.toml.`,
					details: { runner: kind },
				});
			}
			return runnerOf(capability);
		},
		list: () => [...entries.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
	};
}

function runnerOf(capability: Capability): Runner {
	if (capability.kind === "agent") {
		const make = Object.hasOwn(agents, capability.id) ? agents[capability.id] : undefined;
		if (make === undefined) throw new MsgcodeError("internal", `The agent ${capability.id} has a record and no code.`);
		return make(capability);
	}
	if (capability.exec?.protocol !== undefined) return protocolRunner(capability, capability.exec);
	if (capability.exec !== undefined) return execRunner(capability, capability.exec);
	return shellRunner(capability);
}

/** A declaration under the id of a shipped program changes how that is called and keeps what is known of it. */
function declaredEntry(id: string, declaration: unknown, shipped: Capability | null): RegistryEntry {
	const bad = (problem: string): RegistryEntry => ({ id, origin: "settings", capability: null, problem });
	if (shipped !== null && shipped.kind !== "exec")
		return bad("The id belongs to msgcode's own runner; choose another.");
	const parsed = execDeclarationSchema().safeParse(declaration);
	if (!parsed.success) {
		const issue = parsed.error.issues[0];
		return bad(`${[id, ...(issue?.path ?? [])].join(".")} has a wrong value (${issue?.message ?? "unknown"}).`);
	}
	const problem = execProblem(parsed.data);
	if (problem !== null) return bad(problem);
	const declared = declaredCapability(id, parsed.data);
	if (shipped === null) return { id, origin: "settings", capability: declared, problem: null };
	const { title, exec, deps } = declared;
	const named = parsed.data.title === undefined ? shipped.title : title;
	return { id, origin: "settings", capability: { ...shipped, title: named, exec, deps, probe: null }, problem: null };
}

function execProblem(declaration: ExecDeclaration): string | null {
	if (declaration.argv[0] === "") return "argv begins with an empty program.";
	return placeholderProblem(declaration.argv, declaration.env);
}
