// `msgcode task diff`: a run's patch, painted on a terminal, byte for byte everywhere else.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { App } from "../../app.ts";
import { MsgcodeError } from "../../core/errors.ts";
import { withheldPatch } from "../../engine/landing/allow-secret.ts";
import { runWithChanges, withheld } from "../../engine/record/choose-run.ts";
import { patchNumbers } from "../../git/patch.ts";
import type { Receipt } from "../../ledger/runs/receipt.ts";
import { patchFile } from "../../ledger/runs/runs.ts";
import { resolveTaskId } from "../../ledger/task/store.ts";
import { styleOf } from "../color.ts";
import type { CommandContext, CommandResult, Notice } from "../command.ts";
import { openFor } from "../open.ts";
import { paintPatch } from "../patch-paint.ts";
import { numberLine } from "../run-text.ts";

interface Options {
	readonly run?: string;
	readonly stat?: boolean;
}

export async function run(context: CommandContext, args: readonly string[], options: Options): Promise<CommandResult> {
	const app = await openFor(context, "task diff");
	const id = resolveTaskId(app.workspace.tasksDir, args[0] as string);
	const receipt = runWithChanges(app.ledger, id, options.run);
	const { io, flags } = context;
	const { patch, warnings } = await patchOf(context, app, receipt);
	const files = await patchNumbers(app.ledger.git, app.workspace.topLevel, patch);
	const { sha256 = null } = receipt.patch ?? {};
	const path = receipt.patch === null ? null : patchFile(app.workspace.root, receipt);
	const kind = "task.diff";
	const data = {
		taskId: id,
		runId: receipt.runId,
		path,
		sha256,
		files,
		...(options.stat ? {} : { patch: textOf(patch) }),
	};
	if (flags.json || options.stat === true) {
		return {
			kind,
			data,
			warnings,
			human: (style) => files.map((file) => `${numberLine(file, style)}\n`).join(""),
			plain: () => files.map(({ insertions, deletions, path: name }) => [insertions ?? "-", deletions ?? "-", name]),
		};
	}
	const painted = io.stdout.isTTY && !flags.plain;
	if (painted) io.stdout.write(paintPatch(patch.toString("utf8"), styleOf(io.stdout, io.env, flags.color)));
	else io.stdout.write(patch);
	return {
		kind,
		data,
		warnings,
		human: () => "",
		streamed: true,
		...(painted ? { next: `msgcode task apply ${id}` } : {}),
	};
}

/** A patch with a secret in it is shown to a person at a terminal only: a pipe may lead anywhere. */
async function patchOf(
	context: CommandContext,
	app: App,
	receipt: Receipt,
): Promise<{ patch: Buffer; warnings: Notice[] }> {
	const held = receipt.patch?.withheld;
	if (held === undefined) return { patch: tracked(app, receipt), warnings: [] };
	if (held === "secret" && !(context.interactive && context.io.stdout.isTTY && !context.flags.json))
		throw withheld(receipt);
	const message = `This patch is withheld (${held}): it is on this machine only, not in the ledger.`;
	return { patch: await withheldPatch(app.ledger, receipt), warnings: [{ code: "patch_withheld", message }] };
}

function tracked(app: App, receipt: Receipt): Buffer {
	const path = patchFile(app.workspace.root, receipt);
	try {
		return readFileSync(join(app.workspace.root, path));
	} catch (cause) {
		throw new MsgcodeError("ledger_damaged", `${path} cannot be read: ${(cause as Error).message}`, {
			hint: `Bring it back from history: git log -- ${path}`,
			cause,
		});
	}
}

/** null for a patch that is not UTF-8: JSON could not hold its bytes. */
function textOf(patch: Buffer): string | null {
	try {
		return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(patch);
	} catch {
		return null;
	}
}
