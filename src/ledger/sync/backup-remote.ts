// A backup on a remote: the same refs, below a namespace that belongs to this clone alone.
// Invariant: nothing outside refs/msgcode-backup/<clone>/ is pushed, forced or deleted there; what is withheld because of a
// secret stays here; the copy counts only when the remote names every ref as it is here.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { MsgcodeError } from "../../core/errors.ts";
import { createFile, ensureFolder, readFileIfThere } from "../../core/files.ts";
import type { Repo } from "../../git/repo.ts";
import { differingRefs, type KeptRefs, refsToKeep } from "../../git/whole-repository.ts";
import type { Ledger } from "../ledger.ts";
import { allReceipts } from "../runs/runs.ts";

export interface BackupPlan {
	/** `refs/msgcode-backup/<clone>`. */
	readonly namespace: string;
	readonly kept: KeptRefs;
	/** Refs that stay here because a secret was found in what they hold. */
	readonly withheld: readonly string[];
}

/** Touches nothing but the note of this clone's name. Throws `backup_refused`. */
export async function planRemoteBackup(ledger: Ledger): Promise<BackupPlan> {
	const kept = await refsToKeep(ledger.git, ledger.workspace);
	const secret = runsWithSecrets(ledger);
	// The branch of a worktree as well: what the runner committed there is the same.
	const withheld = [...kept.refs.keys()].filter((ref) => secret.has(ref.split("/").at(-1) ?? ""));
	return { namespace: `refs/msgcode-backup/${cloneName(ledger)}`, kept, withheld };
}

/** Throws `sync_refused` where the remote says no, `remote_failed`, `branch_moved`. */
export async function pushBackup(repo: Repo, remote: string, plan: BackupPlan): Promise<ReadonlyMap<string, string>> {
	const { namespace, kept, withheld } = plan;
	const wanted = new Map([...kept.refs].filter(([ref]) => !withheld.includes(ref)));
	const target = (ref: string) => ref.replace(/^refs/, namespace);
	const changed = differingRefs(wanted, await held(repo, remote, namespace)).filter((ref) => wanted.has(ref));
	await repo.pushRefs(
		remote,
		changed.map((ref) => `+${wanted.get(ref)}:${target(ref)}`),
	);
	const there = await held(repo, remote, namespace);
	const missing = differingRefs(wanted, there).filter((ref) => wanted.has(ref));
	if (missing.length === 0) return wanted;
	throw new MsgcodeError(
		"remote_failed",
		`The remote took the push but does not hold ${missing.slice(0, 5).join(", ")}.`,
		{
			hint: "It may hide or drop refs outside of branches and tags; keep the backup in a file instead.",
			details: { refs: missing },
		},
	);
}

/** What the remote holds of this clone's backup, by the names that the refs have here. */
async function held(repo: Repo, remote: string, namespace: string): Promise<Map<string, string>> {
	const there = await repo.remoteRefs(remote, `${namespace}/*`);
	return new Map([...there].map(([ref, oid]) => [ref.replace(namespace, "refs"), oid]));
}

/** Random, so that clones that share a remote do not overwrite each other's backups. */
function cloneName({ workspace }: Ledger): string {
	const file = join(workspace.stateDir, "backup-name");
	const known = () => /^[0-9a-f]{12}$/.exec(readFileIfThere(file)?.toString("latin1").trim() ?? "")?.[0];
	const name = known();
	if (name !== undefined) return name;
	ensureFolder(workspace.stateDir, 0o700);
	const made = randomBytes(6).toString("hex");
	return createFile(file, `${made}\n`, { mode: 0o600 }) ? made : (known() ?? made);
}

function runsWithSecrets({ workspace }: Ledger): ReadonlySet<string> {
	const secret = allReceipts(workspace.root).filter(({ patch }) => patch?.withheld === "secret");
	return new Set(secret.map(({ runId }) => runId));
}
