// `msgcode sync` in every shape of divergence: what this branch has, what became of its upstream, what lies about uncommitted.
// Each cell is done exactly, or refused with the reason and the way on, and then nothing has changed.
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Repo } from "../../support/repo.ts";
import { snapshotOf } from "../../support/snapshot.ts";
import { copyOf, type TwoClones, twoClones } from "../../support/two-clones.ts";

const TASK = (letter: string) => `tasks/tsk_000000000${letter}.md`;
const RUN = "run_20260102T030405Z_0badcafe";
const FILES = {
	"src/code.txt": "one\ntwo\nthree\n",
	"src/mine.txt": "mine\n",
	"elsewhere.txt": "elsewhere\n",
	[TASK("a")]: "---\ntitle: A\n---\nfirst\n",
	[TASK("b")]: "---\ntitle: B\n---\nfirst\n",
};

function commit(place: Repo, files: Readonly<Record<string, string>>, message: string): string {
	place.writeAll(files);
	place.git("add", "--", ...Object.keys(files));
	place.git("commit", "--quiet", "-m", message);
	return place.git("rev-parse", "HEAD");
}

let made = 0;
const ledgerWork = (place: Repo) => {
	made += 1;
	return commit(place, { [TASK("a")]: `---\ntitle: A ${made}\n---\nfirst\n` }, `ledger ${made}`);
};
const userWork = (place: Repo) => {
	made += 1;
	return commit(place, { "src/mine.txt": `mine ${made}\n` }, `user ${made}`);
};
const landing = (place: Repo) =>
	commit(
		place,
		{ "src/mine.txt": "landed\n", [`tasks/runs/tsk_000000000a/${RUN}/landing.json`]: "{}\n" },
		"land\n\nMsgcode-Op: apply",
	);

/** What this branch has beyond the last state that it shared with its upstream. */
const SHAPES: Readonly<Record<string, (place: Repo) => void>> = {
	nothing: () => {},
	behind: (place) => void place.git("reset", "--quiet", "--hard", "HEAD~1"),
	"ahead: ledger": (place) => void ledgerWork(place),
	"ahead: user": (place) => void userWork(place),
	"ledger under user": (place) => {
		ledgerWork(place);
		userWork(place);
	},
	"user under ledger": (place) => {
		userWork(place);
		ledgerWork(place);
	},
	mixed: (place) => {
		ledgerWork(place);
		userWork(place);
		ledgerWork(place);
	},
	landing: (place) => void landing(place),
	"landing under user": (place) => {
		landing(place);
		commit(place, { "src/later.txt": "later\n" }, "user, later");
	},
	merge: (place) => {
		place.git("switch", "--quiet", "-c", "side");
		ledgerWork(place);
		place.git("switch", "--quiet", "main");
		place.git("merge", "--quiet", "--no-ff", "-m", "merge side", "side");
	},
	"merge of user work": (place) => {
		place.git("switch", "--quiet", "-c", "side");
		userWork(place);
		place.git("switch", "--quiet", "main");
		ledgerWork(place);
		place.git("merge", "--quiet", "--no-ff", "-m", "merge side", "side");
	},
};

/** What the others did meanwhile; the path that it changes. */
const UPSTREAMS: Readonly<Record<string, (ann: Repo) => string>> = {
	unchanged: () => TASK("a"),
	"moved by ledger work": (ann) => {
		commit(ann, { [TASK("b")]: "---\ntitle: B of Ann\n---\nfirst\n" }, "ledger of Ann");
		ann.git("push", "--quiet");
		return TASK("b");
	},
	"moved by code": (ann) => {
		commit(ann, { "src/code.txt": "ONE\ntwo\nthree\n" }, "code of Ann");
		ann.git("push", "--quiet");
		return "src/code.txt";
	},
	"force-pushed": (ann) => {
		ann.git("reset", "--quiet", "--hard", "HEAD~1");
		commit(ann, { "src/code.txt": "rewritten\n" }, "instead of what was there");
		ann.git("push", "--quiet", "--force");
		return "src/code.txt";
	},
};

const DIRT = ["clean", "dirty elsewhere", "dirty where the upstream changes"] as const;

interface Done {
	readonly action: string;
	/** How many of the branch's own commits, from the oldest on, are published; the rest stay. */
	readonly published: number;
	readonly unpublished?: number;
}

const DIVERGED: Readonly<Record<string, Done | RegExp>> = {
	nothing: { action: "fast-forward", published: 0 },
	behind: { action: "fast-forward", published: 0 },
	"ahead: ledger": { action: "replay", published: 1 },
	"ahead: user": /1 unpushed commit is not ledger work: /,
	"ledger under user": /1 unpushed commit is not ledger work: /,
	"user under ledger": /1 unpushed commit is not ledger work: /,
	mixed: /1 unpushed commit is not ledger work: /,
	landing: /has moved on, and unpushed landings hold code/,
	"landing under user": /1 unpushed commit is not ledger work: /,
	merge: /has moved on, and merges are not replayed/,
	"merge of user work": /1 unpushed commit is not ledger work: /,
};

const EXPECTED: Readonly<Record<string, Readonly<Record<string, Done | RegExp>>>> = {
	unchanged: {
		nothing: { action: "up-to-date", published: 0 },
		behind: { action: "fast-forward", published: 0 },
		"ahead: ledger": { action: "push", published: 1 },
		"ahead: user": { action: "up-to-date", published: 0, unpublished: 1 },
		"ledger under user": { action: "push", published: 1, unpublished: 1 },
		"user under ledger": /1 unpushed commit is not ledger work, and ledger commits lie on top of it/,
		mixed: { action: "push", published: 1, unpublished: 2 },
		landing: { action: "push", published: 1 },
		"landing under user": { action: "push", published: 1, unpublished: 1 },
		merge: { action: "push", published: 2 },
		// Along the branch's own line the ledger commit comes before the merge.
		"merge of user work": { action: "push", published: 1, unpublished: 2 },
	},
	"moved by ledger work": DIVERGED,
	"moved by code": DIVERGED,
	"force-pushed": {
		...Object.fromEntries(
			Object.keys(SHAPES).map((shape) => [shape, /was rewritten: it no longer holds 1 commit that it had/]),
		),
		behind: { action: "fast-forward", published: 0 },
	},
};

/** Everything of a clone that a refusal leaves as it was: refs, index, files. */
function state(place: Repo) {
	return {
		head: place.read(".git/HEAD"),
		refs: place.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags", "refs/msgcode"),
		index: place.git("ls-files", "--stage"),
		files: snapshotOf(place.path, (path) => path.startsWith(".git/") || path.endsWith("tasks/index.json")),
	};
}

/** Homes with the three repositories. Neither side sees the other's before a sync, so that each is prepared once. */
const prepared = new Map<string, Scene>();

interface Scene {
	readonly home: string;
	/** A path that the upstream changed. */
	readonly changed: string;
}

function keep(key: string, place: Repo, changed: string): Scene {
	const home = join(mkdtempSync(join(tmpdir(), "msgcode-scene-")), "home");
	cpSync(place.home, home, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
	const scene = { home, changed };
	prepared.set(key, scene);
	return scene;
}

afterAll(() => {
	for (const { home } of prepared.values()) rmSync(dirname(home), { recursive: true, force: true });
});

/** One more published commit, so that there is something to be behind of, and something to be rewritten away. */
async function shared(): Promise<Scene> {
	const known = prepared.get("shared");
	if (known !== undefined) return known;
	const { ann, bob } = await twoClones({ files: FILES });
	commit(ann, { "src/code.txt": "one\ntwo\nTHREE\n" }, "shared");
	ann.git("push", "--quiet");
	bob.git("pull", "--quiet");
	return keep("shared", ann, "");
}

/** Bob's clone in its shape beside the upstream as Ann has left it. */
async function sceneOf(shape: string, upstream: string): Promise<TwoClones & { readonly changed: string }> {
	const ground = await shared();
	const here =
		prepared.get(`here: ${shape}`) ??
		(() => {
			const { bob } = copyOf(ground.home);
			SHAPES[shape]?.(bob);
			return keep(`here: ${shape}`, bob, "");
		})();
	const there =
		prepared.get(`upstream: ${upstream}`) ??
		(() => {
			const { ann } = copyOf(ground.home);
			return keep(`upstream: ${upstream}`, ann, UPSTREAMS[upstream]?.(ann) as string);
		})();
	const clones = copyOf(here.home);
	rmSync(clones.origin, { recursive: true });
	cpSync(join(there.home, "origin.git"), clones.origin, { recursive: true, preserveTimestamps: true });
	return { ...clones, changed: there.changed };
}

/** Which uncommitted work a cell is tried with: a refusal that looks at commits alone is asked with none and with the worst. */
function dirtOf(shape: string, upstream: string): readonly (typeof DIRT)[number][] {
	return EXPECTED[upstream]?.[shape] instanceof RegExp ? [DIRT[0], DIRT[2]] : DIRT;
}

describe.each(Object.keys(UPSTREAMS))("upstream %s", (upstream) => {
	describe.each(Object.keys(SHAPES))("here: %s", (shape) => {
		test.each(dirtOf(shape, upstream))("%s", async (dirt) => {
			const { bob, changed, originGit } = await sceneOf(shape, upstream);
			const theirs = originGit("rev-parse", "main");
			const dirtyFile =
				dirt === "clean"
					? null
					: dirt === "dirty elsewhere"
						? "elsewhere.txt"
						: shape === "behind" && upstream === "unchanged"
							? "src/code.txt"
							: changed;
			if (dirtyFile !== null) bob.write(dirtyFile, "uncommitted\n");
			const own = bob.git("rev-list", "HEAD", "--not", "origin/main").split("\n").filter(Boolean);
			const before = state(bob);
			const dirty = bob.git("status", "--porcelain");

			const result = await bob.msgcode("sync", "--json");
			const expected = EXPECTED[upstream]?.[shape] as Done | RegExp;
			const moves = !(expected instanceof RegExp) && ["fast-forward", "replay"].includes(expected.action);
			const published = originGit("rev-parse", "main");

			if (expected instanceof RegExp || (moves && dirt === DIRT[2])) {
				const { code, message, hint } = result.json().error;
				expect([result.exitCode, code]).toEqual([4, "sync_refused"]);
				expect(message).toMatch(
					expected instanceof RegExp ? expected : /changes files that have uncommitted work here: /,
				);
				expect(hint).toMatch(/git|msgcode/);
				expect(state(bob)).toEqual(before);
				expect(published).toBe(theirs);
				return;
			}
			expect(result.exitCode, result.stdout).toBe(0);
			const { data, warnings } = result.json();
			expect(data).toMatchObject({ action: expected.action, pushed: expected.published });
			expect(data.unpublished).toHaveLength(expected.unpublished ?? 0);
			expect(warnings).toHaveLength(expected.unpublished === undefined ? 0 : 1);
			expect(bob.git("status", "--porcelain")).toBe(dirty);
			if (dirtyFile !== null) expect(bob.read(dirtyFile)).toBe("uncommitted\n");
			const now = bob.git("rev-parse", "HEAD");
			expect(bob.git("rev-parse", "origin/main")).toBe(published);
			expect(() => originGit("merge-base", "--is-ancestor", theirs, published)).not.toThrow();
			if (!moves) {
				expect(state(bob)).toEqual(before);
				const news = originGit("rev-list", published, "--not", theirs).split("\n").filter(Boolean);
				expect(news.sort()).toEqual(
					own.filter((oid) => !data.unpublished.some(({ commit }: { commit: string }) => commit === oid)).sort(),
				);
				expect(news).toHaveLength(expected.published);
			} else {
				expect([now, data.after]).toEqual([published, published]);
				expect(originGit("rev-list", "--count", published, "--not", theirs)).toBe(String(expected.published));
			}
			if (dirt !== "clean") return;
			// A second time there is nothing left to do, or the refusal says what waits.
			const again = await bob.msgcode("sync", "--json");
			if (data.unpublished.some(({ ledger }: { ledger: boolean }) => ledger)) expect(again.exitCode).toBe(4);
			else expect(again.json().data).toMatchObject({ action: "up-to-date", pushed: 0, pulled: 0 });
			expect(originGit("rev-parse", "main")).toBe(published);
		});
	});
});
