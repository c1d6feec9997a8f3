// `msgcode backup`: everything that git keeps of this repository, in one file or on a remote, with the way back.
import { resolve } from "node:path";
import type { App } from "../../app.ts";
import { MsgcodeError } from "../../core/errors.ts";
import { shellWord } from "../../core/shell-word.ts";
import { refuseNoRemote, withoutCredentials } from "../../git/remote-address.ts";
import { openRepo } from "../../git/repo.ts";
import { type KeptRefs, refsToKeep } from "../../git/whole-repository.ts";
import { refuseTarget, writeBackup } from "../../ledger/sync/backup-file.ts";
import { planRemoteBackup, pushBackup } from "../../ledger/sync/backup-remote.ts";
import { type CommandContext, type CommandResult, confirm, type Notice } from "../command.ts";
import { openFor } from "../open.ts";

interface Options {
	readonly remote?: string;
	readonly force?: boolean;
}

export async function run(context: CommandContext, args: readonly string[], options: Options): Promise<CommandResult> {
	const [file] = args;
	if ((file === undefined) === (options.remote === undefined)) {
		throw new MsgcodeError("usage", "A backup goes into one place: a file or a remote.", {
			hint: "msgcode backup <file.bundle>, or msgcode backup --remote <remote>",
		});
	}
	const app = await openFor(context, "backup");
	return file === undefined ? toRemote(context, app, options.remote as string) : toFile(context, app, file, options);
}

async function toFile(context: CommandContext, app: App, name: string, options: Options): Promise<CommandResult> {
	const { ledger } = app;
	const file = resolve(context.io.cwd, name);
	const replace = options.force === true || context.flags.yes;
	const restore = ({ branch, head }: KeptRefs) =>
		branch !== null
			? restoreLines(file, ["refs/*:refs/*"], shellWord(branch))
			: restoreLines(file, ["refs/*:refs/*", "HEAD"], `--detach ${head}`);
	if (context.flags.dryRun) {
		refuseTarget(ledger, file, replace);
		const kept = await refsToKeep(ledger.git, ledger.workspace);
		const data = { dryRun: true, file, ...counts(kept.refs), restore: restore(kept) };
		return { kind: "backup", data, human: () => `Would keep ${counted(kept.refs)} in ${file}.\n` };
	}
	const { bytes, sha256, kept } = await writeBackup(ledger, file, replace);
	return {
		kind: "backup",
		data: { file, bytes, sha256, ...counts(kept.refs), restore: restore(kept) },
		warnings: await leftOut(app),
		human: (style) =>
			`${style.bold(file)}  ${sizeOf(bytes)}, ${counted(kept.refs)}; restored once to prove it.\n${restoreText(restore(kept))}`,
		plain: () => [[file, bytes, sha256, kept.refs.size]],
	};
}

async function toRemote(context: CommandContext, app: App, remote: string): Promise<CommandResult> {
	const { ledger, workspace } = app;
	refuseNoRemote(remote);
	const repo = await openRepo(ledger.env, workspace.topLevel);
	const plan = await planRemoteBackup(ledger);
	const { namespace, kept, withheld } = plan;
	const shown = withoutCredentials(remote);
	const address = (await repo.addressOf(remote)) ?? shown;
	const checkout = kept.branch === null ? null : shellWord(kept.branch);
	const restore = restoreLines(address, [`${namespace}/*:refs/*`], checkout);
	const warnings: Notice[] = withheld.map((ref) => {
		return { code: "secret_withheld", message: `${ref} stays here: a secret was found in what it holds.` };
	});
	if (kept.branch === null) {
		const message = "HEAD is detached: a commit that is on no branch is not in this backup.";
		warnings.push({ code: "detached_head", message, hint: "Make a branch of it: `git switch -c <name>`." });
	}
	if (context.flags.dryRun) {
		const data = { dryRun: true, remote: shown, namespace, ...counts(kept.refs), withheld, restore };
		return {
			kind: "backup",
			data,
			warnings,
			human: () => `Would push ${counted(kept.refs)} to ${namespace} on ${shown}.\n`,
		};
	}
	await confirm(context, `Push ${counted(kept.refs)}, unpublished work among them, to ${namespace} on ${shown}?`);
	const pushed = await pushBackup(repo, remote, plan);
	return {
		kind: "backup",
		data: { remote: shown, namespace, ...counts(pushed), withheld, restore },
		warnings: [...warnings, ...(await leftOut(app))],
		human: (style) => `${style.bold(namespace)} on ${shown}  ${counted(pushed)}\n${restoreText(restore)}`,
		plain: () => [[shown, namespace, pushed.size]],
	};
}

/** The branch to begin with is one that no backup holds, so that git lets all of them be written. */
function restoreLines(from: string, refspecs: readonly string[], checkout: string | null): string[] {
	return [
		"git init --initial-branch=restoring restored",
		`git -C restored fetch ${[from, ...refspecs].map(shellWord).join(" ")}`,
		...(checkout === null ? [] : [`git -C restored switch ${checkout}`]),
	];
}

function restoreText(lines: readonly string[]): string {
	return `To restore it:\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

function counts(refs: ReadonlyMap<string, string>) {
	const below = (prefix: string) => [...refs.keys()].filter((ref) => ref.startsWith(prefix)).length;
	return {
		refs: refs.size,
		branches: below("refs/heads/"),
		tags: below("refs/tags/"),
		results: below("refs/msgcode/"),
	};
}

function counted(refs: ReadonlyMap<string, string>): string {
	const { branches, tags, results } = counts(refs);
	const some = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;
	return `${some(branches, "branch", "branches")}, ${some(tags, "tag", "tags")} and ${some(results, "ref", "refs")} of msgcode`;
}

async function leftOut({ ledger, workspace }: App): Promise<Notice[]> {
	const dirty = await (await openRepo(ledger.env, workspace.topLevel)).dirtyPaths();
	if (dirty.length === 0) return [];
	const message = `${dirty.length} ${dirty.length === 1 ? "file has" : "files have"} uncommitted work, which no backup holds.`;
	return [{ code: "uncommitted_work", message, hint: "git status" }];
}

function sizeOf(bytes: number): string {
	if (bytes < 1024) return `${bytes} bytes`;
	return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
