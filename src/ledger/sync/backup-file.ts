// A backup in one file: a git bundle of all branches, tags and msgcode's refs.
// Invariant: the file gets its name only after it was restored into an empty repository and every ref was found there; until
// then nothing that had the name is touched.
import { chmodSync, lstatSync, mkdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { MsgcodeError } from "../../core/errors.ts";
import { removeLeftoverTemporaries } from "../../core/files.ts";
import { placeFile } from "../../core/place-file.ts";
import { temporaryName } from "../../core/temporary-files.ts";
import { fileDigest } from "../../git/patch.ts";
import { differingRefs, type KeptRefs, listRefs, parseRefs, refsToKeep } from "../../git/whole-repository.ts";
import type { Ledger } from "../ledger.ts";

/** How often a bundle is made again because refs moved meanwhile. */
const MAX_TRIES = 5;

export interface BackupFile {
	readonly file: string;
	readonly bytes: number;
	readonly sha256: string;
	readonly kept: KeptRefs;
}

/** Throws `backup_refused`, `branch_moved`, `disk_full`, `read_only`; the target is then as it was. */
export async function writeBackup(ledger: Ledger, file: string, replace: boolean): Promise<BackupFile> {
	refuseTarget(ledger, file, replace);
	const folder = dirname(file);
	removeLeftoverTemporaries(folder);
	// A folder of its own, because git writes the file with whatever mode the umask leaves.
	const scratch = join(folder, temporaryName());
	mkdirSync(scratch, { mode: 0o700 });
	try {
		const bundle = join(scratch, basename(file));
		const kept = await bundled(ledger, bundle);
		chmodSync(bundle, 0o600);
		await proveBundle(ledger, bundle, kept);
		const { sha256, bytes } = await fileDigest(bundle);
		if (!placeFile(bundle, file, replace)) throw taken(file);
		return { file, bytes, sha256, kept };
	} finally {
		rmSync(scratch, { recursive: true, force: true });
	}
}

/** Throws `backup_refused` for a place that no backup belongs to. */
export function refuseTarget(ledger: Pick<Ledger, "workspace">, file: string, replace: boolean): void {
	const { commonDir } = ledger.workspace;
	const folder = statSync(dirname(file), { throwIfNoEntry: false });
	if (folder?.isDirectory() !== true) {
		throw new MsgcodeError("backup_refused", `The folder ${dirname(file)} does not exist.`, { hint: "Make it first." });
	}
	if (file.startsWith(`${commonDir}${sep}`)) {
		throw new MsgcodeError("backup_refused", `${file} lies in git's own folder.`, {
			hint: "Keep a backup elsewhere, on another disk if you can.",
		});
	}
	const there = lstatSync(file, { throwIfNoEntry: false });
	if (there === undefined) return;
	if (!there.isFile()) throw new MsgcodeError("backup_refused", `${file} is there and is not a plain file.`);
	if (!replace) throw taken(file);
}

function taken(file: string): MsgcodeError {
	return new MsgcodeError("backup_refused", `${file} is there already.`, {
		hint: "Take another name, or add --force: the old file goes once the new one is proven.",
	});
}

/** Makes the bundle of refs that did not move while it was made. */
async function bundled(ledger: Ledger, bundle: string): Promise<KeptRefs> {
	const { git, workspace } = ledger;
	const cwd = workspace.topLevel;
	for (let tries = 0; tries < MAX_TRIES; tries += 1) {
		const kept = await refsToKeep(git, workspace);
		const head = kept.head === null ? [] : ["HEAD"];
		await git(["bundle", "create", "--quiet", bundle, "--branches", "--tags", "--glob=refs/msgcode/*", ...head], {
			cwd,
		});
		const heads = parseRefs((await git(["bundle", "list-heads", bundle], { cwd })).stdout);
		const sameHead = (heads.get("HEAD") ?? null) === kept.head;
		heads.delete("HEAD");
		if (sameHead && differingRefs(heads, kept.refs).length === 0) return kept;
	}
	throw new MsgcodeError("branch_moved", "Branches of this repository kept moving while it was copied.", {
		hint: "Another program commits without pause. Try again when it is done.",
	});
}

/** Restores the bundle into an empty repository, which makes git check every object, and compares the refs. */
async function proveBundle(ledger: Ledger, bundle: string, { refs }: KeptRefs): Promise<void> {
	const { git, workspace } = ledger;
	await git(["bundle", "verify", "--quiet", bundle], { cwd: workspace.topLevel });
	const proof = join(workspace.stateDir, temporaryName());
	const format = workspace.objectIdLength === 64 ? ["--object-format=sha256"] : [];
	try {
		await git(["init", "--quiet", "--bare", "--template=", ...format, proof]);
		await git(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", bundle, "+refs/*:refs/*"], { cwd: proof });
		const missing = differingRefs(await listRefs(git, proof), refs);
		if (missing.length === 0) return;
		throw new MsgcodeError("backup_refused", `The copy does not give back ${missing.slice(0, 5).join(", ")}.`, {
			hint: "git fsck",
			details: { refs: missing },
		});
	} finally {
		rmSync(proof, { recursive: true, force: true });
	}
}
