// The history index against git's own log, on random histories and in every kind of repository.
import { spawn } from "node:child_process";
import {
	chmodSync,
	existsSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { historyFile } from "../../../src/ledger/history/history-file.ts";
import { type History, openHistory, tasksTouchedBy, touchesLedger } from "../../../src/ledger/history/history-walk.ts";
import type { Ledger } from "../../../src/ledger/ledger.ts";
import { ledgerOf } from "../../support/ledger.ts";
import { randomHistory } from "../../support/random-history.ts";
import { type Repo, repo, repoAt } from "../../support/repo.ts";
import { addTask, succeed } from "../../support/two-clones.ts";

function places(id: string, prefix = ""): string[] {
	const escaped = prefix.replace(/[*[\]]/g, "\\$&");
	return [
		`:(top,literal)${prefix}tasks/${id}.md`,
		`:(top,literal)${prefix}tasks/${id}.json`,
		`:(top,literal)${prefix}tasks/runs/${id}`,
		`:(top,glob)${escaped}tasks/archive/*/${id}.md`,
		`:(top,glob)${escaped}tasks/archive/*/${id}.json`,
		`:(top,glob)${escaped}tasks/archive/*/runs/${id}/**`,
	];
}

function gitLog(place: Repo, tip: string): string[] {
	return place.git("log", "--date-order", "--format=%H", tip).split("\n").filter(Boolean);
}

/** git's log of paths, without the merges that have them as one of their parents has: they changed nothing themselves. */
function gitLogOf(place: Repo, tip: string, pathspecs: readonly string[]): string[] {
	const how = ["--date-order", "--no-renames", "--full-history", "--format=%H %P"];
	const lines = place
		.git("log", ...how, tip, "--", ...pathspecs)
		.split("\n")
		.filter(Boolean);
	return lines.flatMap((line) => {
		const [oid = "", ...parents] = line.split(" ");
		const same = (parent: string) => place.git("diff-tree", "-r", parent, oid, "--", ...pathspecs) === "";
		return parents.length > 1 && parents.some(same) ? [] : [oid];
	});
}

function oids(commits: Iterable<{ readonly oid: string }>): string[] {
	return [...commits].map(({ oid }) => oid);
}

/** Every answer of the history of `tip` against git's. */
async function expectGitsAnswers(place: Repo, ledger: Ledger, tip: string, ids: readonly string[], prefix = "") {
	const oid = place.git("rev-parse", tip);
	const history = await openHistory(ledger, oid);
	expect(oids(history.newestFirst()), "all commits").toEqual(gitLog(place, oid));
	expect(oids(history.firstParents()), "first parents").toEqual(
		place.git("log", "--first-parent", "--format=%H", oid).split("\n"),
	);
	for (const id of ids) {
		expect(oids(history.touching(id)), `touching ${id}`).toEqual(gitLogOf(place, oid, places(id, prefix)));
	}
	return history;
}

const SEEDS = process.env.MSGCODE_TEST_SEED ? [Number(process.env.MSGCODE_TEST_SEED)] : [11, 12, 13, 14];

describe("random histories", () => {
	test.each(SEEDS)("seed %i: git's commits in git's order, as the history grows and is rewritten", async (seed) => {
		const prefix = seed % 3 === 0 ? "packages/a [b]*/" : "";
		const options = prefix === "" ? {} : { workspace: prefix.slice(0, -1) };
		const init = seed % 2 === 0 ? [] : ["--object-format=sha256"];
		const place = await repo({ files: { "code.txt": "1\n" }, ledger: true, init, ...options });
		const ledger = ledgerOf(place, { start: join(place.path, prefix) });
		const made = randomHistory(place, seed, prefix);
		const done: string[] = [];
		try {
			for (let round = 0; round < 6; round += 1) {
				for (let step = 0; step < 7; step += 1) done.push(made.step());
				await expectGitsAnswers(place, ledger, "HEAD", made.ids, prefix);
			}
			await expectGitsAnswers(place, ledger, "main", made.ids, prefix);
			for (const run of made.runs.slice(0, 4)) await expectRun(place, ledger, run, prefix);
			place.git("reflog", "expire", "--expire=now", "--all");
			place.git("gc", "--quiet", "--prune=now");
			place.git("pack-refs", "--all");
			done.push("gc");
			await expectGitsAnswers(place, ledger, "HEAD", made.ids, prefix);
			place.git("commit", "--quiet", "--allow-empty", "-m", "after gc");
			const grown = await expectGitsAnswers(place, ledger, "HEAD", made.ids, prefix);
			rmSync(historyFile(ledger.workspace));
			const anew = await expectGitsAnswers(place, ledger, "HEAD", made.ids, prefix);
			expect(said(anew)).toEqual(said(grown));
		} catch (error) {
			throw new Error(`after ${done.join(", ")}`, { cause: error });
		}
	});

	async function expectRun(place: Repo, ledger: Ledger, run: string, prefix: string) {
		const [id, runId] = run.split("/") as [string, string];
		const head = place.git("rev-parse", "HEAD");
		const folders = ["", "archive/2025/", "archive/2026/"].map(
			(home) => `:(top,literal)${prefix}tasks/${home}runs/${id}/${runId}`,
		);
		expect(oids((await openHistory(ledger, head)).touching(run))).toEqual(gitLogOf(place, head, folders));
	}
});

/** Everything that a history says of every commit. */
function said(history: History): unknown[] {
	return [...history.newestFirst()].map((commit) => [
		commit.oid,
		commit.seconds,
		tasksTouchedBy(history, commit).sort(),
		touchesLedger(history, commit),
	]);
}

describe("a shallow clone", () => {
	async function deepRepo() {
		const place = await repo({ files: { "code.txt": "1\n" }, ledger: true });
		const made = randomHistory(place, 42);
		for (let step = 0; step < 50; step += 1) made.step();
		place.git("switch", "--quiet", "main");
		const old = await addTask(place, "Old");
		for (const priority of ["1", "2", "3", "4"]) await succeed(place, "task", "edit", old, "--priority", priority);
		return { place, ids: [...made.ids, old], old };
	}

	/** What the index may say in a shallow clone: git's log without the commits at which the clone ends. */
	async function expectShallow(clone: Repo, ledger: Ledger, ids: readonly string[]) {
		const head = clone.git("rev-parse", "HEAD");
		const history = await openHistory(ledger, head);
		const ends = new Set(existsSync(join(clone.path, ".git/shallow")) ? clone.read(".git/shallow").split("\n") : []);
		expect(oids(history.newestFirst())).toEqual(gitLog(clone, head));
		expect(history.cut).toBe(clone.git("rev-parse", "--is-shallow-repository") === "true");
		for (const id of ids) {
			const whole = [...history.touching(id)].filter(({ row }) => row !== null);
			expect(oids(whole)).toEqual(gitLogOf(clone, head, places(id)).filter((oid) => !ends.has(oid)));
		}
	}

	test("is not taken for the birth of what it holds; deepened, and made shallower again, it stays right", async () => {
		const { place, ids } = await deepRepo();
		const clone = place.clone(
			"--depth=3",
			"--no-local",
			"--no-single-branch",
			"--branch=main",
			"--config=uploadpack.allowAnySHA1InWant=true",
		);
		const url = `file://${place.path}`;
		clone.git("remote", "set-url", "origin", url);
		const ledger = ledgerOf(clone);
		await expectShallow(clone, ledger, ids);
		expect(existsSync(historyFile(ledger.workspace))).toBe(true);
		clone.git("fetch", "--quiet", "--deepen=4");
		await expectShallow(clone, ledger, ids);
		clone.git("commit", "--quiet", "--allow-empty", "-m", "on top");
		await expectShallow(clone, ledger, ids);
		clone.git("fetch", "--quiet", "--unshallow");
		await expectShallow(clone, ledger, ids);
		await expectGitsAnswers(clone, ledger, "HEAD", ids);
		clone.git("fetch", "--quiet", "--depth=2");
		await expectShallow(clone, ledger, ids);
	});

	test("whose end moves while it is read is read again, and what was seen in between is not remembered", async () => {
		const { place, ids } = await deepRepo();
		const clone = place.clone("--depth=6", "--no-local", "--branch=main");
		clone.git("remote", "set-url", "origin", `file://${place.path}`);
		const ledger = ledgerOf(clone);
		let moves = 0;
		const git: Ledger["git"] = async (args, options) => {
			// The clone is made shallower between the look at its end and the list of its commits.
			if (args[0] === "rev-list" && moves === 0) {
				moves += 1;
				clone.git("fetch", "--quiet", "--depth=3");
			}
			return ledger.git(args, options);
		};
		const head = clone.git("rev-parse", "HEAD");
		await openHistory({ ...ledger, git }, head);
		expect(moves).toBe(1);
		await expectShallow(clone, ledger, ids);
		clone.git("fetch", "--quiet", "--unshallow");
		await expectShallow(clone, ledger, ids);
	});

	test("of one commit is all end", async () => {
		const { place, old } = await deepRepo();
		const clone = place.clone("--depth=1", "--no-local", "--branch=main");
		const history = await openHistory(ledgerOf(clone), clone.git("rev-parse", "HEAD"));
		expect([...history.touching(old)].map(({ row }) => row)).toEqual([null]);
		expect(history.cut).toBe(true);
	});
});

describe("places", () => {
	test("a linked worktree and a repository without a main checkout share one index", async () => {
		const place = await repo({ files: { "code.txt": "1\n" }, ledger: true });
		const id = await addTask(place, "A task");
		place.git("worktree", "add", "--quiet", "-b", "side", "../side");
		const side = repoAt(join(place.home, "side"), place.home, place.env);
		side.git("commit", "--quiet", "--allow-empty", "-m", "on the side");
		await expectGitsAnswers(side, ledgerOf(place), "side", [id]);
		const bare = join(place.home, "bare.git");
		place.git("clone", "--quiet", "--bare", ".", bare);
		place.git("--git-dir", bare, "worktree", "add", "--quiet", join(place.home, "of-bare"), "main");
		const ofBare = repoAt(join(place.home, "of-bare"), place.home, place.env);
		await expectGitsAnswers(ofBare, ledgerOf(ofBare), "HEAD", [id]);
		expect(readdirSync(join(bare, "msgcode", "history"))).toHaveLength(1);
	});

	test("replaced commits are followed and never remembered", async () => {
		const place = await repo({ files: { "code.txt": "1\n" }, ledger: true });
		const id = await addTask(place, "A task");
		await succeed(place, "task", "edit", id, "--priority", "8");
		await succeed(place, "task", "edit", id, "--priority", "9");
		const ledger = ledgerOf(place);
		await expectGitsAnswers(place, ledger, "HEAD", [id]);
		const before = readFileSync(historyFile(ledger.workspace));
		place.git("replace", "--graft", "HEAD~1", "HEAD~3");
		place.git("pack-refs", "--all");
		await expectGitsAnswers(place, ledger, "HEAD", [id]);
		place.git("commit", "--quiet", "--allow-empty", "-m", "more");
		await expectGitsAnswers(place, ledger, "HEAD", [id]);
		expect(readFileSync(historyFile(ledger.workspace)).equals(before)).toBe(true);
		place.git("replace", "-d", place.git("rev-parse", "HEAD~2"));
		await expectGitsAnswers(place, ledger, "HEAD", [id]);
	});
});

describe("the file", () => {
	async function withIndex() {
		const place = await repo({ files: { "code.txt": "1\n" }, ledger: true });
		const id = await addTask(place, "A task");
		const ledger = ledgerOf(place);
		await expectGitsAnswers(place, ledger, "HEAD", [id]);
		return { place, id, ledger, file: historyFile(ledger.workspace) };
	}

	test("is private, and answers without asking git for commits again", async () => {
		const { place, ledger, file } = await withIndex();
		expect(statSync(file).mode & 0o777).toBe(0o600);
		const asked: string[] = [];
		const git: Ledger["git"] = (args, options) => {
			asked.push(args[0] as string);
			return ledger.git(args, options);
		};
		await openHistory({ ...ledger, git }, place.git("rev-parse", "HEAD"));
		expect(asked).toEqual([]);
	});

	test("damaged anywhere, cut short, of another version or workspace: made anew", async () => {
		const { place, id, ledger, file } = await withIndex();
		const good = readFileSync(file);
		const flips = Array.from({ length: 25 }, (_, number) => Math.floor((number * good.length) / 25));
		for (const at of flips) {
			const bad = Buffer.from(good);
			bad[at] = (bad[at] as number) ^ 0x41;
			writeFileSync(file, bad);
			await expectGitsAnswers(place, ledger, "HEAD", [id]);
			expect(readFileSync(file).equals(good), `a byte at ${at}`).toBe(true);
		}
		for (const length of [0, 10, 31, good.length - 1]) {
			truncateSync(file, length);
			await expectGitsAnswers(place, ledger, "HEAD", [id]);
		}
		writeFileSync(file, Buffer.from(good.toString("latin1").replace("HISTORY 1", "HISTORY 2"), "latin1"));
		await expectGitsAnswers(place, ledger, "HEAD", [id]);
		const other = { ...ledger, workspace: { ...ledger.workspace, prefix: "elsewhere" } };
		writeFileSync(historyFile(other.workspace), good);
		const history = await openHistory(other, place.git("rev-parse", "HEAD"));
		expect([...history.touching(id)]).toEqual([]);
		expect(readFileSync(file).equals(good)).toBe(true);
	});

	test("cannot be written: everything works without it", async () => {
		const { place, id, ledger, file } = await withIndex();
		rmSync(join(file, ".."), { recursive: true });
		writeFileSync(join(file, ".."), "in the way");
		await expectGitsAnswers(place, ledger, "HEAD", [id]);
		if (process.getuid?.() !== 0) {
			rmSync(join(file, ".."));
			chmodSync(ledger.workspace.stateDir, 0o500);
			await expectGitsAnswers(place, ledger, "HEAD", [id]);
			chmodSync(ledger.workspace.stateDir, 0o700);
		}
		const unused = { ...ledger, useIndex: false };
		await expectGitsAnswers(place, unused, "HEAD", [id]);
	});

	test("many processes that make it at once: each is right, and so is what stays", async () => {
		const { place, id, ledger, file } = await withIndex();
		const good = JSON.stringify((await succeed(place, "task", "log", id)).data);
		rmSync(file);
		const main = join(import.meta.dirname, "../../../dist/main.js");
		const answers = await Promise.all(
			Array.from({ length: 6 }, () => {
				const child = spawn(process.execPath, [main, "task", "log", id, "--json"], { cwd: place.path, env: place.env });
				let out = "";
				child.stdout.on("data", (chunk) => {
					out += chunk;
				});
				return new Promise<string>((resolve) => child.on("close", () => resolve(out)));
			}),
		);
		expect(new Set(answers.map((out) => JSON.stringify(JSON.parse(out).data)))).toEqual(new Set([good]));
		await expectGitsAnswers(place, ledger, "HEAD", [id]);
		expect(readdirSync(join(file, "..")).filter((name) => !name.endsWith(".index"))).toEqual([]);
	});
});
