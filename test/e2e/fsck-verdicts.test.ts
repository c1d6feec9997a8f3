// What `msgcode fsck` says of ledgers that are sound: ok, or unverifiable with its reason where a clone lacks what it would
// take to judge; never damaged. And that looking changes nothing.
import { appendFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type FindingCode, findingTable } from "../../src/fsck/finding.ts";
import { fsck } from "../../src/fsck/fsck.ts";
import type { Git } from "../../src/git/plumbing.ts";
import { withLock } from "../../src/ledger/change/transaction.ts";
import {
	amend,
	editJson,
	editLine,
	type FsckScene,
	fsckOf,
	fsckScene,
	loseObject,
	replacePatch,
	runOf,
} from "../support/fsck-scene.ts";
import { ledgerOf } from "../support/ledger.ts";
import { operationScene, operations } from "../support/operations.ts";
import { type Repo, repo, repoAt, temporaryFolder } from "../support/repo.ts";
import { snapshotOf } from "../support/snapshot.ts";
import { copies } from "../support/template.ts";
import { addTask, succeed, twoClones } from "../support/two-clones.ts";

const SOUND = { exitCode: 0, verdict: "ok", codes: [], findings: [] };
const FILES = { "src/code.txt": "one\ntwo\nthree\n", "other.txt": "other\n" };

/** A life with a run that lands, one that is rejected, one that fails, edits, closes and reopens. */
async function life(place: Repo): Promise<string> {
	const { task } = await runOf(place, "Lives", "echo four >>code.txt; echo new >new.txt");
	await succeed(place, "task", "apply", task, "--yes");
	await succeed(place, "task", "block", task, "--reason", "for a moment");
	await succeed(place, "task", "reopen", task);
	await succeed(place, "task", "close", task, "--status", "canceled");
	await succeed(place, "task", "reopen", task);
	const rejected = await runOf(place, "Rejected", "echo no >no.txt");
	await succeed(place, "task", "reject", rejected.task, "--reason", "no", "--yes");
	await runOf(place, "Fails", "echo half >half.txt; exit 3");
	await runOf(place, "Changes nothing", "true");
	await succeed(place, "task", "edit", task, "--title", "Lives well");
	const removed = await addTask(place, "Removed", "--depends-on", task);
	await succeed(place, "task", "rm", removed, "--yes");
	return task;
}

const copyOfLife = copies(async () => {
	const made = await repo({ files: FILES, ledger: true });
	await life(made);
	return { made, kept: null };
});
const lived = async () => (await copyOfLife()).made;

/** Lengthens the lines of the run log beyond what it may have, as long lists of details would. */
async function makeLogLong(place: Repo): Promise<void> {
	const path = "tasks/runs.jsonl";
	const lines = place.read(path).trimEnd().split("\n");
	const long = lines.map((line) => JSON.stringify({ ...JSON.parse(line), details: { note: "x".repeat(800_000) } }));
	place.write(path, `${long.join("\n")}\n`);
	place.commitAll("long lines");
}

/** A text that a secret rule knows, put together so that this file does not hold it. */
const SECRET = ["AKIA", "Q3EGRIKLTZ5XBOVN"].join("");

const sound: readonly (readonly [string, () => Promise<Repo>])[] = [
	["a ledger that was just made", () => repo({ files: FILES, ledger: true })],
	[
		"an unborn branch",
		() =>
			repo({ config: { "user.name": "A" } }).then(async (place) => {
				place.write("msgcode.toml", '[ledger]\ncommit = "off"\n');
				await succeed(place, "init");
				await addTask(place, "Unborn");
				return place;
			}),
	],
	["a whole life", () => lived()],
	[
		"a workspace in a sub-folder",
		() =>
			repo({ files: { ...FILES, "packages/api/x.txt": "x\n" }, ledger: true, workspace: "packages/api" }).then(
				async (place) => {
					const id = await addTask(place, "Below");
					await succeed(place, "task", "run", id, "--", "sh", "-c", "echo y >>x.txt; echo z >../../z.txt");
					await succeed(place, "task", "apply", id, "--yes");
					return place;
				},
			),
	],
	[
		"a repository with sha-256 ids",
		() =>
			repo({ files: FILES, ledger: true, init: ["--object-format=sha256"] }).then(async (place) => {
				await life(place);
				return place;
			}),
	],
	[
		"code in tasks/, some of it in a patch",
		() =>
			repo({ files: { "tasks/lib/a.js": "a\n", "tasks/build.md": "b\n" }, ledger: true }).then(async (place) => {
				const { task } = await runOf(place, "Code", "echo b >>tasks/lib/a.js; echo c >tasks/new.js; rm tasks/build.md");
				await succeed(place, "task", "apply", task, "--yes");
				return place;
			}),
	],
	[
		"files of every kind in a patch",
		() =>
			repo({
				files: {
					...FILES,
					"bin.dat": Buffer.from([0, 1, 2, 0]),
					"run.sh": { executable: "#!/bin/sh\n" },
					"to.txt": { link: "other.txt" },
					"name.txt": "a\nb\nc\nd\n",
				},
				ledger: true,
			}).then(async (place) => {
				const script = [
					"printf '\\0\\3\\0' >bin.dat; printf '\\0' >new.bin; chmod -x run.sh; rm to.txt; echo now-a-file >to.txt",
					"mv name.txt 'a name \"quoted\" ä.txt'; echo e >>'a name \"quoted\" ä.txt'; printf 'no newline' >end.txt; : >empty",
					"mv other.txt swap; mv src/code.txt other.txt; mv swap src/code.txt; rm -r src; echo src >src",
					"printf 'a\\r\\nb\\r\\n' >crlf.txt; ln -s nowhere link",
				].join("; ");
				const { task } = await runOf(place, "All kinds", script);
				await succeed(place, "task", "apply", task, "--yes");
				return place;
			}),
	],
	[
		"landings over other work, renames among it",
		() =>
			repo({ files: { ...FILES, "list.txt": "1\n2\n3\n4\n5\n6\n7\n8\n9\n" }, ledger: true }).then(async (place) => {
				const top = await runOf(place, "Top", "sed -i s/1/one/ list.txt");
				const bottom = await runOf(place, "Bottom", "sed -i s/9/nine/ list.txt");
				const renamed = await runOf(place, "Renamed", "sed -i s/two/2/ src/code.txt");
				await succeed(place, "task", "apply", top.task, "--yes");
				place.git("mv", "src/code.txt", "moved.txt");
				place.git("commit", "-qm", "moved");
				await succeed(place, "task", "apply", bottom.task, "--yes");
				await succeed(place, "task", "apply", renamed.task, "--yes");
				return place;
			}),
	],
	[
		"a landing of a run that had been rejected",
		() =>
			repo({ files: FILES, ledger: true }).then(async (place) => {
				const { task, run } = await runOf(place, "Second thoughts", "echo x >x.txt");
				await succeed(place, "task", "reject", task, "--reason", "no", "--yes");
				await succeed(place, "task", "apply", task, "--run", run, "--yes");
				return place;
			}),
	],
	[
		"a secret that is withheld, and one that was released",
		() =>
			repo({ files: FILES, ledger: true }).then(async (place) => {
				await runOf(place, "Withheld", `echo key=${SECRET} >secret.txt`);
				const { task, run } = await runOf(place, "Released", `echo key=${SECRET} >other-secret.txt`);
				await succeed(place, "run", "allow-secret", run, "--yes");
				await succeed(place, "task", "apply", task, "--yes");
				return place;
			}),
	],
	[
		"committed events",
		() =>
			repo({ files: FILES, ledger: true }).then(async (place) => {
				place.write("msgcode.toml", '[ledger]\nevents = "commit"\n');
				await runOf(place, "Says much", "for i in 1 2 3; do echo $i; done; echo x >x.txt");
				return place;
			}),
	],
	...(["stage", "off"] as const).map((mode): readonly [string, () => Promise<Repo>] => [
		`ledger.commit = ${mode}`,
		() =>
			repo({ files: FILES, ledger: true }).then(async (place) => {
				place.write("msgcode.toml", `[ledger]\ncommit = "${mode}"\n`);
				await life(place);
				return place;
			}),
	]),
	[
		"hand edits, committed and not",
		() =>
			repo({ files: FILES, ledger: true }).then(async (place) => {
				const [one, two] = [await addTask(place, "One"), await addTask(place, "Two")];
				for (const id of [one, two]) appendFileSync(join(place.path, `tasks/${id}.md`), "\nBy hand.\n");
				place.git("commit", "-qm", "by hand", "--", `tasks/${one}.md`);
				await succeed(place, "commit");
				appendFileSync(join(place.path, `tasks/${one}.md`), "\nNot yet.\n");
				return place;
			}),
	],
	[
		"a Markdown file alone, and one that got its record later",
		() =>
			repo({ files: FILES, ledger: true }).then(async (place) => {
				place.write("tasks/tsk_pr0p0sed01.md", "# Proposed\n");
				place.write("tasks/tsk_pr0p0sed02.md", "# Closed\n");
				place.commitAll("two proposals");
				await succeed(place, "task", "close", "tsk_pr0p0sed02");
				return place;
			}),
	],
	[
		"reverts of every kind of commit, and a revert of a revert",
		() =>
			repo({ files: FILES, ledger: true }).then(async (place) => {
				const id = await addTask(place, "Reverted");
				await succeed(place, "task", "close", id);
				place.git("revert", "--no-edit", "HEAD");
				place.git("-c", "revert.reference=true", "revert", "--no-edit", "HEAD");
				place.git("revert", "--no-edit", "HEAD");
				const { task } = await runOf(place, "Run", "echo x >x.txt");
				const ran = place.git("rev-parse", "HEAD");
				await succeed(place, "task", "apply", task, "--yes");
				place.git("revert", "--no-edit", "HEAD");
				place.git("revert", "--no-edit", ran);
				place.git("revert", "--no-edit", "HEAD");
				return place;
			}),
	],
	[
		"undone commands of every kind, and undone undos",
		() =>
			repo({ files: FILES, ledger: true }).then(async (place) => {
				const id = await addTask(place, "Undone");
				for (const command of [["block", "--reason", "x"], ["rm", "--yes"], ["close"], ["reopen"]]) {
					const [verb = "", ...flags] = command;
					await succeed(place, "task", verb, id, ...flags);
					await succeed(place, "undo", "--yes");
					if (verb === "close") await succeed(place, "undo", "--yes");
				}
				const { task } = await runOf(place, "Landed", "echo x >x.txt");
				await succeed(place, "task", "apply", task, "--yes");
				await succeed(place, "undo", "--yes");
				await succeed(place, "task", "apply", task, "--yes");
				await succeed(place, "task", "rollback", task, "--landing", "--yes");
				await succeed(place, "task", "edit", id, "--title", "Another");
				await succeed(place, "task", "rollback", id, "--to", "HEAD~1", "--yes");
				return place;
			}),
	],
	[
		"archived tasks with runs, one brought back, and a rotated run log",
		() =>
			repo({ files: FILES, ledger: true }).then(async (place) => {
				const tasks: string[] = [];
				for (const title of ["Stays away", "Comes back"]) {
					const { task } = await runOf(place, title, `echo x >'${title}.txt'`);
					await succeed(place, "task", "apply", task, "--yes");
					await succeed(place, "task", "close", task);
					tasks.push(task);
				}
				await addTask(place, "Depends on an archived one", "--depends-on", tasks[0] ?? "");
				await succeed(place, "task", "archive", ...tasks, "--yes");
				await succeed(place, "task", "reopen", tasks[1] ?? "");
				await makeLogLong(place);
				await runOf(place, "Rotates", "echo y >y.txt");
				expect(readdirSync(join(place.path, "tasks/archive"), { recursive: true }).join()).toMatch(/runs-[0-9a-f]{16}/);
				return place;
			}),
	],
	[
		"a run that a revert took out",
		() =>
			repo({ files: FILES, ledger: true }).then(async (place) => {
				await runOf(place, "Run", "echo x >x.txt");
				await addTask(place, "Later");
				place.git("revert", "--no-edit", "HEAD~1");
				return place;
			}),
	],
	[
		"births that reverts took out, one of them squashed",
		() =>
			repo({ files: FILES, ledger: true }).then(async (place) => {
				await addTask(place, "Taken back");
				place.git("revert", "--no-edit", "HEAD");
				const id = await addTask(place, "Taken back on a branch");
				place.git("checkout", "-qb", "side");
				place.git("revert", "--no-edit", "HEAD");
				place.git("checkout", "-q", "main");
				place.git("merge", "-q", "--squash", "side");
				place.git("commit", "-q", "--no-edit");
				expect(place.exists(`tasks/${id}.json`)).toBe(false);
				return place;
			}),
	],
	[
		"a detached HEAD",
		() =>
			repo({ files: FILES, ledger: true }).then(async (place) => {
				place.git("checkout", "-q", "--detach");
				await life(place);
				return place;
			}),
	],
	[
		"run folders left over from another branch",
		() =>
			repo({ files: FILES, ledger: true }).then(async (place) => {
				place.git("checkout", "-qb", "side");
				await runOf(place, "On the side", "echo x >x.txt");
				place.git("checkout", "-q", "main");
				return place;
			}),
	],
	[
		"a result that waits",
		() =>
			repo({ files: FILES, ledger: true }).then(async (place) => {
				const id = await addTask(place, "Waits");
				await place.msgcode(
					"task",
					"run",
					id,
					"--json",
					"--",
					"sh",
					"-c",
					`echo x >x.txt; git -C '${place.path}' checkout -q --orphan other; git -C '${place.path}' rm -rqf --cached tasks/${id}.md`,
				);
				return place;
			}),
	],
	[
		"the same after gc",
		() =>
			lived().then((place) => {
				place.git("reflog", "expire", "--expire=now", "--all");
				place.git("gc", "-q", "--prune=now");
				return place;
			}),
	],
	[
		"line ends that the checkout changes",
		() =>
			repo({ files: { ...FILES, ".gitattributes": "* text=auto\n" }, ledger: true }).then(async (place) => {
				await life(place);
				place.git("config", "core.autocrlf", "true");
				rmSync(join(place.path, "tasks"), { recursive: true });
				place.git("checkout", "-q", "--", "tasks");
				return place;
			}),
	],
];

describe("a sound ledger is ok", () => {
	test.each(sound)("%s", async (_, make) => {
		const place = await make();
		expect(await fsckOf(place)).toEqual(SOUND);
	});

	test("a run that has not ended", async () => {
		const place = await repo({ files: FILES, ledger: true });
		const id = await addTask(place, "Looks at itself");
		const answer = join(place.home, "answer.json");
		const main = join(import.meta.dirname, "../../src/main.ts");
		const look = `'${process.execPath}' '${main}' -C '${place.path}' fsck --json >'${answer}'`;
		await succeed(place, "task", "run", id, "--", "sh", "-c", `echo x >x.txt; ${look}`);
		expect(JSON.parse(place.read("../answer.json")).data.verdict).toBe("ok");
		expect(await fsckOf(place)).toEqual(SOUND);
	});
});

describe("one commit of every operation leaves a sound ledger, and so does taking it back", () => {
	test.each(Object.entries(operations))("%s", async (_, { before, make }) => {
		const scene = await operationScene();
		await before?.(scene);
		await make(scene);
		expect(await fsckOf(scene.made)).toEqual(SOUND);
		const { exitCode } = await scene.made.msgcode("undo", "--yes");
		// 4: a run, or what no command did, is not taken back.
		expect([0, 4]).toContain(exitCode);
		expect(await fsckOf(scene.made)).toEqual(SOUND);
	});
});

/** A clone by the transport that honours --depth and --filter. */
function cloneOf(place: Repo, ...args: string[]): Repo {
	const folder = join(temporaryFolder(), "clone");
	place.git("clone", "--quiet", ...args, `file://${place.path}`, folder);
	return repoAt(folder, place.home, place.env);
}

/** The ledger's later half, squashed into one commit. */
async function squashed(): Promise<Repo> {
	const place = await repo({ files: FILES, ledger: true });
	place.git("checkout", "-qb", "side");
	const { task } = await runOf(place, "Squashed", "echo x >x.txt");
	await succeed(place, "task", "apply", task, "--yes");
	await succeed(place, "task", "close", task);
	place.write("y.txt", "more than the landing\n");
	place.commitAll("more");
	place.git("checkout", "-q", "main");
	place.git("merge", "-q", "--squash", "side");
	place.git("commit", "-qm", "all of it (#1)");
	place.git("branch", "-qD", "side");
	return place;
}

const close = ({ place, blocked }: FsckScene, status: string) => {
	editJson(place, `tasks/${blocked}.json`, (record) => {
		delete record.blocked;
		Object.assign(record, { status, closed: { atMs: 1, reason: null, evidence: null } });
	});
};

const ofScene = (change: (scene: FsckScene) => void | Promise<void>) => async () => {
	const scene = await fsckScene();
	await change(scene);
	return scene.place;
};

const unjudged: readonly (readonly [string, readonly FindingCode[], () => Promise<Repo>])[] = [
	["a fresh clone", ["ref_absent"], async () => (await fsckScene()).place.clone()],
	[
		"a shallow clone of one commit",
		["base_absent", "history_shallow", "landing_unprovable", "ref_absent"],
		async () => cloneOf((await fsckScene()).place, "--depth=1"),
	],
	[
		"a shallow clone of some commits",
		["base_absent", "history_shallow", "landing_unprovable", "ref_absent"],
		async () => cloneOf((await fsckScene()).place, "--depth=4"),
	],
	[
		"a partial clone",
		["history_incomplete"],
		async () => {
			const { place } = await fsckScene();
			place.git("config", "uploadpack.allowFilter", "true");
			return cloneOf(place, "--filter=blob:none");
		},
	],
	["a squash merge, where it was made", ["landing_squashed", "trailers_absent"], squashed],
	[
		"a squash merge, in a clone",
		["base_absent", "landing_squashed", "ref_absent", "trailers_absent"],
		async () => cloneOf(await squashed(), "--single-branch"),
	],
	[
		"a squash that keeps its commits' messages",
		["trailers_absent"],
		ofScene((scene) => {
			close(scene, "done");
			const one = `task(${scene.blocked}): close\n\nMsgcode-Op: close\nMsgcode-Actor: A\n`;
			scene.place.commitAll(`${one}\n${one}`);
		}),
	],
	[
		"a status changed with plain git",
		["trailers_absent"],
		ofScene((scene) => {
			close(scene, "done");
			scene.place.commitAll("closed it");
		}),
	],
	[
		"a closed task that a hand edit cancels",
		["changed_by_hand"],
		ofScene(async ({ place, done }) => {
			editJson(place, `tasks/${done}.json`, (record) => Object.assign(record, { status: "canceled" }));
			await succeed(place, "commit");
		}),
	],
	[
		"a step that was legal on another branch",
		["transition_replayed"],
		ofScene(({ place, done }) => {
			editJson(place, `tasks/${done}.json`, (record) => Object.assign(record, { status: "canceled" }));
			place.git("add", "tasks");
			const message = `task(${done}): cancel\n\nMsgcode-Op: close\nMsgcode-Actor: A\n`;
			place.git("commit", "-q", "--date=2026-01-01T00:00:00Z", "-m", message);
		}),
	],
	[
		"a landing that was picked onto other work, with more",
		["landing_moved"],
		ofScene(async ({ place, last }) => {
			await succeed(place, "task", "apply", last.task, "--yes");
			place.git("checkout", "-qb", "other", "HEAD~1");
			place.write("work.txt", "work\n");
			place.commitAll("work");
			place.git("cherry-pick", "main");
			place.write("more.txt", "more\n");
			amend(place);
		}),
	],
	[
		"a record of a newer format",
		["format_newer"],
		ofScene(({ place, blocked }) => {
			editJson(place, `tasks/${blocked}.json`, (record) => Object.assign(record, { schemaVersion: 2 }));
		}),
	],
	[
		"a receipt of a newer format",
		["format_newer"],
		ofScene(({ place, last }) => {
			editJson(place, `${last.folder}run_receipt.json`, (receipt) => {
				Object.assign(receipt, { schemaVersion: 2, status: "wonderful", runner: "new" });
			});
			amend(place);
		}),
	],
	[
		"a sparse checkout without the archive",
		["check_incomplete"],
		async () => {
			const place = await repo({ files: FILES, ledger: true });
			const id = await addTask(place, "Left out");
			await succeed(place, "task", "close", id);
			await succeed(place, "task", "archive", id);
			place.git("sparse-checkout", "set", "--no-cone", "/*", "!/tasks/archive");
			expect(place.exists(`tasks/archive`)).toBe(false);
			return place;
		},
	],
	[
		"history that lacks a folder of long ago",
		["check_incomplete"],
		ofScene(({ place }) => loseObject(place, "HEAD~1:tasks")),
	],
];

describe("what cannot be judged here is unverifiable, never damaged", () => {
	test.each(unjudged)("%s: %s", async (_, codes, make) => {
		const { findings, ...answer } = await fsckOf(await make());
		expect(answer, JSON.stringify(findings, null, 1)).toEqual({ exitCode: 0, verdict: "unverifiable", codes });
		for (const { message, hint } of findings) expect([message, hint].every((text) => text.length > 3)).toBe(true);
	});

	test("every unverifiable code of the table is among these", () => {
		const told = new Set(unjudged.flatMap(([, codes]) => codes));
		const codes = Object.entries(findingTable).filter(([, { verdict }]) => verdict === "unverifiable");
		expect(codes.map(([code]) => code).filter((code) => !told.has(code as FindingCode))).toEqual([]);
	});

	test("a clone that fetches refs/msgcode as well is ok, and so is a whole mirror", async () => {
		const { place } = await fsckScene();
		const clone = place.clone();
		clone.git("fetch", "-q", "origin", "refs/msgcode/*:refs/msgcode/*");
		expect(await fsckOf(clone)).toEqual(SOUND);
	});

	test("two people who rebase, merge and sync", async () => {
		const { ann, bob } = await twoClones();
		const mayLack = ["base_absent", "ref_absent", "landing_moved", "landing_unprovable"];
		const expectNoDamage = async (place: Repo) => {
			const { codes, verdict, findings } = await fsckOf(place);
			expect(verdict, JSON.stringify(findings, null, 1)).not.toBe("damaged");
			expect(codes.filter((code) => !mayLack.includes(code))).toEqual([]);
		};
		const shared = await addTask(ann, "Shared");
		ann.git("push", "-q");
		bob.git("pull", "-q", "--rebase");
		for (const place of [ann, bob]) {
			const { task } = await runOf(place, "Both run", `echo ${place.path.length} >>src/code.txt`);
			if (place === ann) await succeed(place, "task", "apply", task, "--yes");
		}
		await succeed(ann, "task", "close", shared);
		ann.git("push", "-q");
		await succeed(bob, "task", "edit", shared, "--priority", "9");
		await succeed(bob, "sync");
		await expectNoDamage(bob);
		ann.git("pull", "-q", "--rebase");
		await expectNoDamage(ann);
		await runOf(ann, "Merged", "echo a >a.txt");
		const landed = await runOf(bob, "Moved", "echo b >b.txt");
		await succeed(bob, "task", "apply", landed.task, "--yes");
		ann.git("push", "-q");
		bob.git("pull", "-q", "--no-rebase", "--no-edit");
		await expectNoDamage(bob);
		bob.git("push", "-q");
		await runOf(ann, "Union", "echo c >c.txt");
		ann.git("pull", "-q", "--no-rebase", "--no-edit");
		await expectNoDamage(ann);
		await succeed(bob, "task", "reopen", shared);
		const moved = await runOf(bob, "Rebased", "echo d >d.txt");
		await succeed(bob, "task", "apply", moved.task, "--yes");
		ann.git("push", "-q");
		bob.git("pull", "-q", "--rebase");
		await expectNoDamage(bob);
	});
});

describe("looking changes nothing", () => {
	test("neither in the checkout nor in .git nor in the temporary folder, whatever is found", async () => {
		const scene = await fsckScene();
		const { place, last } = scene;
		replacePatch(scene, place.read(`${last.folder}patch.diff`).replace("+five", "+nine"));
		amend(place);
		rmSync(join(place.path, "tasks/index.json"), { force: true });
		const before = snapshotOf(place.path);
		const temporary = temporaryFolder();
		for (const form of [[], ["--json"], ["--plain"]]) {
			const { exitCode } = await place.msgcodeProcessWith({ env: { TMPDIR: temporary } }, "fsck", ...form);
			expect(exitCode).toBe(7);
		}
		expect(snapshotOf(place.path)).toEqual(before);
		expect(readdirSync(temporary).filter((name) => name.startsWith("msgcode"))).toEqual([]);
	});

	test("nor in a clone that lacks the trees which the proofs make", async () => {
		const clone = (await fsckScene()).place.clone("--no-local");
		await clone.msgcode("fsck");
		const before = snapshotOf(clone.path);
		expect((await fsckOf(clone)).codes).toEqual(["ref_absent"]);
		expect(snapshotOf(clone.path)).toEqual(before);
		expect(clone.git("count-objects")).toMatch(/^0 objects/);
	});

	test("what a command writes in the middle of the look is looked at again", async () => {
		const { place, last } = await fsckScene();
		const whole = place.read("tasks/runs.jsonl");
		editLine(place, last.run, () => null);
		const ledger = ledgerOf(place);
		let writes = 0;
		const git: Git = (args, options) => {
			if (args[0] === "for-each-ref" && writes++ === 0) place.write("tasks/runs.jsonl", whole);
			return ledger.git(args, options);
		};
		expect((await fsck({ ...ledger, git }, () => false)).verdict).toBe("ok");
		expect(writes).toBe(2);
	});

	test("it waits for no lock", async () => {
		const { place } = await fsckScene();
		const answer = await withLock(ledgerOf(place), () => fsckOf(place));
		expect(answer).toEqual(SOUND);
	});

	test("commands that change the ledger meanwhile are never taken for damage", async () => {
		const place = await repo({ files: FILES, ledger: true });
		const ids = [await addTask(place, "One"), await addTask(place, "Two")];
		const change = async (id: string, name: string) => {
			for (const round of [1, 2, 3]) {
				const script = `echo ${round} >${name}.txt`;
				await place.msgcodeProcess("task", "run", id, "--", "sh", "-c", script);
				await place.msgcodeProcess("task", "apply", id, "--yes");
			}
		};
		let changing = true;
		const all = Promise.all(ids.map((id, at) => change(id, `file${at}`))).finally(() => {
			changing = false;
		});
		let looks = 0;
		while (changing) {
			const { verdict, findings } = await fsckOf(place);
			expect(verdict, JSON.stringify(findings)).toBe("ok");
			looks += 1;
		}
		await all;
		expect(looks).toBeGreaterThan(1);
		expect(await fsckOf(place)).toEqual(SOUND);
	});
});
