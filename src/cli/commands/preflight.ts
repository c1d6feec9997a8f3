// `msgcode preflight`: whether all is there that work needs, in three groups, for a script that is about to start some.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { configFolder } from "../../config/config-folder.ts";
import { type PreflightFile, preflightFileSchema } from "../../config/preflight-file.ts";
import { EXIT } from "../../core/errors.ts";
import { checkNode, healthCheck, problem } from "../../core/health.ts";
import { NODE_MINIMUM } from "../../core/version.ts";
import { isReady, type Prepared, preflight, resultOf } from "../../engine/probe/preflight.ts";
import { preflightRunners } from "../../engine/probe/preflight-runners.ts";
import { preflightWorkspace, requiredCheck } from "../../engine/probe/preflight-workspace.ts";
import { checkGit } from "../../git/health.ts";
import { firstIssue, readOwnJson } from "../../runners/own-file.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { preflightText } from "../preflight-text.ts";
import { runnersHere } from "../runners-here.ts";

interface Options {
	readonly strict?: boolean;
}

export async function run(context: CommandContext, _args: readonly string[], options: Options): Promise<CommandResult> {
	const { io, start } = context;
	const strict = options.strict === true;
	const own = await whatIsThere(context);
	const file = ownFile(configFolder(io.env));
	const groups = await preflight([...own, ...file.problems], file.content, { env: io.env, root: start });
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

async function whatIsThere(context: CommandContext): Promise<Prepared[]> {
	const { io, start } = context;
	const folder = [start, io.cwd].find((path) => existsSync(path)) ?? "/";
	const node = await checkNode(process.versions.node, NODE_MINIMUM);
	const found = [
		requiredCheck({ name: "node", kind: "bin", target: process.execPath }, node),
		requiredCheck({ name: "git", kind: "bin", target: "git" }, await checkGit(io.env, folder)),
	];
	const workspace = { name: "workspace", kind: "fs_exists", target: start } as const;
	try {
		const { app, registry, defaultRunner } = await runnersHere(context, "preflight");
		const root = app?.workspace.root ?? start;
		const runners = await preflightRunners(registry, defaultRunner, app?.ledger ?? null, { env: io.env, root });
		if (app !== null) return [...found, ...(await preflightWorkspace(app.ledger)), ...runners];
		const outside = { summary: "", findings: [problem("This folder is in no workspace.", "msgcode init")] };
		return [...found, requiredCheck(workspace, await healthCheck("workspace", () => outside)), ...runners];
	} catch (error) {
		const failed = await healthCheck("workspace", () => {
			throw error;
		});
		return [...found, requiredCheck(workspace, failed)];
	}
}

/** `deps.json`; what is wrong with it is itself an item, because something required may stand in it. */
function ownFile(configDir: string | null): { content: PreflightFile; problems: Prepared[] } {
	const path = join(configDir ?? "", "deps.json");
	if (configDir === null || !existsSync(path)) return { content: {}, problems: [] };
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
