// `msgcode preflight`: whether all is there that work needs, in three groups, for a script that is about to start some.

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { App } from "../../app.ts";
import { configFolder } from "../../config/config-folder.ts";
import { type PreflightFile, preflightFileSchema } from "../../config/preflight-file.ts";
import { EXIT } from "../../core/errors.ts";
import { checkNode, type HealthCheck, healthCheck } from "../../core/health.ts";
import { NODE_MINIMUM } from "../../core/version.ts";
import { autoCandidates, isChoosable, noneWorks } from "../../engine/auto-runner.ts";
import { listClaims } from "../../engine/claim.ts";
import { checkedItem, isReady, type Prepared, preflight, resultOf, runnerItems } from "../../engine/preflight.ts";
import { lookFor } from "../../engine/preflight-item.ts";
import { probeRunners, type RunnerState } from "../../engine/runner-probe.ts";
import { checkGit } from "../../git/health.ts";
import { checkLedger, checkWorkspace } from "../../ledger/health.ts";
import { readTask, taskIds } from "../../ledger/task/store.ts";
import { AUTO } from "../../runners/auto.ts";
import { firstIssue, readOwnJson } from "../../runners/own-file.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { preflightText } from "../preflight-text.ts";
import { type RunnersHere, runnersHere } from "../runners-here.ts";

interface Options {
	readonly strict?: boolean;
}

export async function run(context: CommandContext, _args: readonly string[], options: Options): Promise<CommandResult> {
	const { io, start } = context;
	const strict = options.strict === true;
	let unopened: unknown = null;
	const here = await runnersHere(context, "preflight").catch((error: unknown) => {
		unopened = error;
		return null;
	});
	const place = { env: io.env, root: here?.app?.workspace.root ?? start };
	const folder = [start, io.cwd].find((path) => existsSync(path)) ?? "/";
	const own: Prepared[] = [
		started(
			{ name: "node", kind: "bin", target: process.execPath },
			await checkNode(process.versions.node, NODE_MINIMUM),
		),
		started({ name: "git", kind: "bin", target: "git" }, await checkGit(io.env, folder)),
		...(await workspaceItems(here?.app ?? null, start, unopened)),
		...(here === null ? [] : await runnersOf(here, place)),
	];
	const file = ownFile(configFolder(io.env));
	const groups = await preflight([...own, ...file.problems], file.content, place);
	const ready = isReady(groups, strict);
	return {
		kind: "preflight",
		data: { ready, strict, ...groups },
		human: (style) => preflightText(groups, ready, style),
		plain: () =>
			Object.entries(groups).flatMap(([group, items]) =>
				items.map(({ name, kind, target, status, detail }) => [group, name, kind, target, status, detail]),
			),
		exitCode: ready ? EXIT.ok : EXIT.failed,
	};
}

function started(item: Parameters<typeof checkedItem>[0], check: HealthCheck): Prepared {
	return { group: "requiredForStart", result: checkedItem(item, check) };
}

async function workspaceItems(app: App | null, start: string, unopened: unknown): Promise<Prepared[]> {
	const workspace = { name: "workspace", kind: "fs_exists", target: app?.workspace.root ?? start } as const;
	if (app === null) {
		const check = await healthCheck("workspace", () => {
			if (unopened !== null) throw unopened;
			return { summary: "", findings: [{ severity: "error", message: "Here is no workspace.", hint: "msgcode init" }] };
		});
		return [started(workspace, check)];
	}
	const { ledger } = app;
	const { tasksDir, stateDir } = app.workspace;
	const live = new Set(listClaims(stateDir, ledger.now()).map(({ claim }) => claim.runId));
	const state = { name: "state folder", kind: "fs_write", target: stateDir } as const;
	const look = await lookFor(existsSync(stateDir) ? state : { ...state, target: join(stateDir, "..") }, {
		...{ env: ledger.env, root: app.workspace.root },
	});
	return [
		started(workspace, await checkWorkspace(ledger)),
		started({ name: "ledger", kind: "fs_read", target: tasksDir }, await checkLedger(ledger, (id) => live.has(id))),
		{ group: "requiredForStart", result: resultOf(state, look, "Make the repository's .git folder writable.") },
	];
}

/** Those that the default and the open tasks need are required for jobs; the others are optional. */
async function runnersOf(here: RunnersHere, place: Parameters<typeof runnerItems>[2]): Promise<Prepared[]> {
	const { registry, app } = here;
	const entries = registry.list();
	const states = await probeRunners(entries, place);
	const wanted = wantedKinds(here);
	const items: Prepared[] = [];
	if (wanted.has(AUTO)) {
		const { chosen, item } = autoItem(here, states);
		if (chosen !== null) wanted.add(chosen);
		items.push({ group: "requiredForJobs", result: item });
	}
	for (const [index, entry] of entries.entries()) {
		const state = states[index] as RunnerState;
		const group = wanted.has(entry.id) ? "requiredForJobs" : "optional";
		items.push(...runnerItems(entry, state, place).map((result): Prepared => ({ group, result })));
	}
	for (const kind of wanted) {
		if (kind === AUTO || registry.find(kind) !== null) continue;
		const item = { name: `runner ${kind}`, kind: "bin", target: kind } as const;
		const look = { status: "missing", detail: "There is no such runner here." } as const;
		items.push({ group: "requiredForJobs", result: resultOf(item, look, "msgcode runner list") });
	}
	return app === null ? items.map((one) => ({ ...one, group: "optional" })) : items;
}

function wantedKinds({ app, defaultRunner }: RunnersHere): Set<string> {
	const kinds = new Set(defaultRunner === null ? [] : [defaultRunner]);
	if (app === null) return kinds;
	const { root, tasksDir } = app.workspace;
	for (const id of taskIds(tasksDir)) {
		const { definition, record } = readTask(root, id);
		const isOpen = record === null || (record.removed === null && record.closed === null);
		if (isOpen && definition.runner?.kind !== undefined) kinds.add(definition.runner.kind);
	}
	return kinds;
}

function autoItem({ registry }: RunnersHere, states: readonly RunnerState[]) {
	const candidates = autoCandidates(registry.find);
	const known = candidates.flatMap(({ id }) => states.find((state) => state.id === id) ?? []);
	const chosen = known.find((state) => isChoosable(state, registry.find(state.id)?.capability ?? null))?.id ?? null;
	const item = { name: "runner auto", kind: "bin", target: chosen ?? AUTO } as const;
	const { message, hint } = noneWorks(known);
	const look =
		chosen === null ? { status: "missing" as const, detail: message } : { status: "ok" as const, detail: chosen };
	return { chosen, item: resultOf(item, look, hint ?? null) };
}

/** `deps.json`; what is wrong with it is itself an item, because something required may stand in it. */
function ownFile(configDir: string | null): { content: PreflightFile; problems: Prepared[] } {
	const path = configDir === null ? null : join(configDir, "deps.json");
	if (configDir === null || path === null || !existsSync(path)) return { content: {}, problems: [] };
	const bad = (detail: string) => {
		const item = { name: "deps.json", kind: "fs_read", target: path } as const;
		const result = resultOf(item, { status: "missing", detail }, `Correct ${path}.`);
		return { content: {}, problems: [{ group: "requiredForStart" as const, result }] };
	};
	const read = readOwnJson(configDir, path);
	if ("problem" in read) return bad(read.problem);
	const parsed = preflightFileSchema().safeParse(read.value);
	return parsed.success ? { content: parsed.data, problems: [] } : bad(firstIssue(parsed.error));
}
