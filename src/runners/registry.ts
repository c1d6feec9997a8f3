// Which runners there are: the shipped ones, those of the user's config folder and those that the settings declare.
// Invariant: one bad declaration disables only itself; nothing takes the place of the shell runner or of an agent; the
// user's folder is read only for a runner that is asked for and nowhere else, or for the list of all.

import { type ExecDeclaration, execDeclarationSchema } from "../config/exec-declaration.ts";
import { MsgcodeError } from "../core/errors.ts";
import { agents } from "./agents/agents.ts";
import { AUTO } from "./auto.ts";
import { type Capability, declaredCapability, shippedCapabilities } from "./capabilities.ts";
import { execRunner } from "./exec.ts";
import type { UserRunner } from "./own-file.ts";
import { type PlaceholderValues, placeholderProblem } from "./placeholders.ts";
import { protocolRunner } from "./protocol-runner.ts";
import type { Runner } from "./runner.ts";
import { shellRunner } from "./shell.ts";
import { userRunner, userRunners } from "./user-runners.ts";

export interface RegistryEntry {
	readonly id: string;
	readonly origin: "shipped" | "user" | "settings";
	/** Where it is declared: msgcode.toml, a file of the user's, null for a shipped one. */
	readonly file: string | null;
	/** Null when the declaration is not valid. */
	readonly capability: Capability | null;
	/** What is wrong with the declaration. */
	readonly problem: string | null;
	/** What is declared and not heeded. */
	readonly note: string | null;
	/** Values of placeholders that come with the declaration. */
	readonly own: PlaceholderValues;
}

export interface Registry {
	/** Throws runner_unknown, or settings_invalid when the declaration of that runner is bad. */
	get(kind: string): Runner;
	/** What is known of the runner; null when there is none. */
	find(kind: string): RegistryEntry | null;
	/** All runners, by id. */
	list(): RegistryEntry[];
}

/**
 * `shipped` are sound records; `declarations` come from the settings and `configDir` is the user's: both are checked here.
 * Settings go before the user's folder, and that before the shipped records of declared programs.
 */
export function createRegistry(
	shipped: readonly Capability[] = shippedCapabilities,
	declarations: Readonly<Record<string, unknown>> = {},
	configDir: string | null = null,
): Registry {
	const known = new Map(shipped.map((capability) => [capability.id, capability]));
	const declared = new Map(
		Object.entries(declarations).map(([id, declaration]) => [
			id,
			declaredEntry(id, declaration, known.get(id) ?? null),
		]),
	);
	const shippedEntry = (id: string) => {
		const capability = known.get(id);
		return capability === undefined ? null : entryOf({ id, origin: "shipped", capability, problem: null });
	};
	const find = (kind: string): RegistryEntry | null => {
		const first = declared.get(kind) ?? (isReplaceable(known.get(kind)) ? null : shippedEntry(kind));
		if (first !== null) return first;
		const own = configDir === null ? null : userRunner(configDir, kind);
		return own === null ? shippedEntry(kind) : userEntry(own, known.get(kind));
	};
	const list = () => {
		const entries = new Map<string, RegistryEntry>();
		for (const { id } of shipped) entries.set(id, shippedEntry(id) as RegistryEntry);
		for (const own of configDir === null ? [] : userRunners(configDir)) {
			const entry = userEntry(own, known.get(own.id));
			// A folder that may not take the id leaves the shipped runner as it is; its problem is told beside it.
			const before = isReplaceable(known.get(own.id)) ? null : (entries.get(own.id) ?? null);
			entries.set(own.id, before === null ? entry : { ...before, note: entry.problem });
		}
		for (const [id, entry] of declared) entries.set(id, entry);
		return [...entries.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
	};
	return {
		find,
		list,
		get(kind) {
			const entry = find(kind);
			if (entry === null) {
				const ids = list().map(({ id }) => id);
				throw new MsgcodeError("runner_unknown", `There is no runner ${JSON.stringify(kind)}.`, {
					hint: `Runners here: ${ids.join(", ")}. Others are declared in msgcode.toml or in the runners folder of your config folder.`,
					details: { kind, known: ids },
				});
			}
			const { capability, problem, file } = entry;
			if (capability === null || problem !== null) {
				throw new MsgcodeError("settings_invalid", `The runner ${kind} is not declared well: ${problem}`, {
					hint: entry.origin === "user" ? `Correct ${file}.` : `Correct runners.${kind} in msgcode.toml.`,
					details: { runner: kind },
				});
			}
			return runnerOf(capability, entry.own);
		},
	};
}

function runnerOf(capability: Capability, own: PlaceholderValues): Runner {
	const { id, kind, exec } = capability;
	if (kind === "agent") {
		const make = Object.hasOwn(agents, id) ? agents[id] : undefined;
		if (make === undefined) throw new MsgcodeError("internal", `The agent ${id} has a record and no code.`);
		return make(capability);
	}
	if (exec?.protocol !== undefined) return protocolRunner(capability, exec, own);
	if (exec !== undefined) return execRunner(capability, exec, own);
	return shellRunner(capability);
}

/** Only a declared program has nothing of its own that a declaration could not say. */
function isReplaceable(shipped: Capability | undefined | null): boolean {
	return shipped === undefined || shipped === null || shipped.kind === "exec";
}

const TAKEN = "The id belongs to msgcode's own runner; choose another.";

function entryOf(entry: Pick<RegistryEntry, "id" | "origin" | "capability" | "problem"> & Partial<RegistryEntry>) {
	return { file: null, note: null, own: {}, ...entry };
}

function userEntry(own: UserRunner, shipped: Capability | undefined): RegistryEntry {
	const { id, file, note, folder, modelRoot } = own;
	const values = { RUNNER_DIR: folder ?? undefined, MODEL_ROOT: modelRoot ?? undefined };
	const free = isReplaceable(shipped) && id !== AUTO;
	const capability = free ? own.capability : null;
	return entryOf({ id, origin: "user", file, capability, problem: free ? own.problem : TAKEN, note, own: values });
}

/** A declaration under the id of a shipped program changes how that is called and keeps what is known of it. */
function declaredEntry(id: string, declaration: unknown, shipped: Capability | null): RegistryEntry {
	const entry = (capability: Capability | null, problem: string | null) =>
		entryOf({ id, origin: "settings", file: "msgcode.toml", capability, problem });
	if (!isReplaceable(shipped) || id === AUTO) return entry(null, TAKEN);
	const parsed = execDeclarationSchema().safeParse(declaration);
	if (!parsed.success) {
		const issue = parsed.error.issues[0];
		const where = [id, ...(issue?.path ?? [])].join(".");
		return entry(null, `${where} has a wrong value (${issue?.message ?? "unknown"}).`);
	}
	const problem = execProblem(parsed.data);
	if (problem !== null) return entry(null, problem);
	const declared = declaredCapability(id, parsed.data);
	if (shipped === null) return entry(declared, null);
	// What another program does is not what the shipped one does: where it runs, and in what, hangs on that.
	const { exec, deps, sideEffects, risk } = declared;
	const title = parsed.data.title ?? shipped.title;
	return entry({ ...shipped, title, exec, deps, sideEffects, risk, probe: null }, null);
}

function execProblem(declaration: ExecDeclaration): string | null {
	if (declaration.argv[0] === "") return "argv begins with an empty program.";
	return placeholderProblem(declaration.argv, declaration.env);
}
