// The commands that read history, against what the commands of the day said, and against git's own words.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { randomHistory } from "../../support/random-history.ts";
import { type Repo, repo } from "../../support/repo.ts";
import { addTask, succeed, twoClones } from "../../support/two-clones.ts";

// biome-ignore lint/suspicious/noExplicitAny: documents of several kinds
type Data = any;

/** A task's or a list's JSON without what only the day itself could know. */
function lasting(data: Data): Data {
	if (Array.isArray(data)) return data.map(lasting);
	const { updatedAtMs: _, held: _held, at: _at, live: _live, ...rest } = data;
	return rest;
}

async function refused(place: Repo, ...argv: string[]): Promise<{ code: string; message: string; hint: string }> {
	const result = await place.msgcode("--json", ...argv);
	expect(result.exitCode).not.toBe(0);
	return result.json().error;
}

/** Takes the ledger's files out of the checkout: whoever reads them now cannot answer. */
function emptyCheckout(place: Repo, prefix = "") {
	for (const name of readdirSync(join(place.path, prefix, "tasks"))) {
		if (name !== "ledger.json") rmSync(join(place.path, prefix, "tasks", name), { recursive: true });
	}
}

describe("a task as it was", () => {
	test.each([
		["", "sha1"],
		["packages/api", "sha256"],
	])("in workspace %j (%s), show and list say at each commit what they said then", async (workspace, format) => {
		const place = await repo({
			files: { "code.txt": "1\n" },
			ledger: true,
			init: [`--object-format=${format}`],
			...(workspace === "" ? {} : { workspace }),
		});
		const prefix = workspace === "" ? "" : `${workspace}/`;
		const id = await addTask(place, "First title", "--priority", "3", "--prompt", "one\ntwo", "--label", "x");
		const other = await addTask(place, "Another");
		const told: { at: string; show: Data; list: Data }[] = [];
		const note = async () => {
			const show = lasting((await succeed(place, "task", "show", id)).data);
			told.push({
				at: place.git("rev-parse", "HEAD"),
				show,
				list: lasting((await succeed(place, "task", "list", "--all")).data),
			});
		};
		await note();
		await succeed(place, "task", "edit", id, "--priority", "8", "--title", "Second title");
		await note();
		await succeed(place, "task", "run", id, "--", "sh", "-c", "echo 2 > code.txt");
		await note();
		await succeed(place, "task", "apply", id, "--yes");
		await note();
		await succeed(place, "task", "run", id, "--", "false").catch(() => {});
		await note();
		await succeed(place, "task", "rm", other, "--reason", "no");
		await note();
		place.write(`${prefix}tasks/tsk_0000000001.md`, "---\ntitle: Alone\nstatus: done\n---\nby hand\n");
		place.write(`${prefix}tasks/tsk_0000000002.md`, "---\ntitle: [\n---\n");
		place.commitAll("by hand");
		const show = lasting((await succeed(place, "task", "show", id)).data);
		const listed = (await place.msgcode("--json", "task", "list", "--all")).json().data;
		told.push({ at: place.git("rev-parse", "HEAD"), show, list: lasting(listed) });
		await succeed(place, "task", "close", id, "--reason", "fine");
		await note2();
		async function note2() {
			const shown = lasting((await succeed(place, "task", "show", id)).data);
			const all = (await place.msgcode("--json", "task", "list", "--all")).json().data;
			told.push({ at: place.git("rev-parse", "HEAD"), show: shown, list: lasting(all) });
		}
		emptyCheckout(place, prefix);
		for (const { at, show: then, list } of told) {
			const shown = await place.msgcode("--json", "task", "show", id, "--at", at);
			expect(lasting(shown.json().data), at).toEqual(then);
			const result = (await place.msgcode("--json", "task", "list", "--all", "--at", at)).json();
			expect(lasting(result.data), at).toEqual(list);
			const touched = place.git(
				"log",
				"-1",
				"--format=%ct",
				at,
				"--",
				`${prefix}tasks/${id}.md`,
				`${prefix}tasks/${id}.json`,
				`${prefix}tasks/runs/${id}`,
			);
			expect(shown.json().data.updatedAtMs).toBeGreaterThanOrEqual(Number(touched) * 1000);
		}
		// The beginning of an id is one of that commit, not of now.
		expect((await succeed(place, "task", "show", id.slice(4), "--at", told[0]?.at as string)).data.title).toBe(
			"First title",
		);
	});

	test("what was not there yet, and no revision at all, are told apart", async () => {
		const place = await repo({ files: { "code.txt": "1\n" }, ledger: true });
		const id = await addTask(place, "A task");
		const first = place.git("rev-list", "--max-parents=0", "HEAD");
		expect(await refused(place, "task", "show", id, "--at", first)).toMatchObject({
			code: "task_not_found",
			message: expect.stringContaining("did not exist in"),
		});
		expect(await refused(place, "task", "show", "zzz", "--at", "HEAD")).toMatchObject({ code: "task_not_found" });
		for (const nonsense of ["nonsense", "HEAD~99", "2026-13-45", "a\nb", "", "--help", "refs/heads/none"]) {
			expect(await refused(place, "task", "show", id, "--at", nonsense), nonsense).toMatchObject({
				code: "revision_not_found",
				hint: expect.any(String),
			});
		}
		expect(await refused(place, "task", "list", "--at", "1999-01-01")).toMatchObject({
			code: "revision_not_found",
			message: expect.stringContaining("begins at"),
		});
		expect((await succeed(place, "task", "list", "--at", first)).data).toEqual([]);
	});

	test("at a time: the branch's own line then, as git's first parents tell it", async () => {
		const place = await repo({ files: { "code.txt": "1\n" }, ledger: true });
		const commit = (date: string, text: string) => {
			place.write("tasks/tsk_0000000001.md", `---\ntitle: ${text}\n---\n`);
			place.git("add", "--all");
			const env = { ...place.env, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
			execFileSync("git", ["commit", "--quiet", "-m", text], { cwd: place.path, env });
		};
		place.git("checkout", "--quiet", "--orphan", "dated");
		commit("2026-03-01T10:00:00Z", "one");
		place.git("switch", "--quiet", "-c", "side");
		commit("2026-03-02T10:00:00Z", "side");
		place.git("switch", "--quiet", "dated");
		commit("2026-03-03T10:00:00Z", "two");
		place.git("merge", "--quiet", "--no-commit", "-s", "ours", "side");
		commit("2026-03-04T10:00:00Z", "merged");
		for (const [when, title] of [
			["2026-03-02T12:00:00Z", "one"],
			["2026-03-02", "one"],
			["2026-03-03 09:59:59 +0000", "one"],
			["2026-03-03T10:00:00Z", "two"],
			["2026-03-03", "two"],
			["2026-03-04", "merged"],
		] as const) {
			const { data } = await succeed(place, "task", "show", "tsk_0000000001", "--at", when);
			expect([when, data.title]).toEqual([when, title]);
			const asked = when.length === 10 ? `${when} 23:59:59` : when;
			expect(data.at).toBe(place.git("rev-list", "-1", "--first-parent", `--before=${asked}`, "HEAD"));
		}
	});

	test("archived then and now", async () => {
		const place = await repo({ files: { "code.txt": "1\n" }, ledger: true });
		const id = await addTask(place, "Old");
		await succeed(place, "task", "close", id);
		const before = place.git("rev-parse", "HEAD");
		await succeed(place, "task", "archive", id);
		const archived = place.git("rev-parse", "HEAD");
		expect((await succeed(place, "task", "list", "--all", "--at", archived)).data).toEqual([]);
		expect((await succeed(place, "task", "list", "--archived", "--at", archived)).data).toMatchObject([{ id }]);
		expect((await succeed(place, "task", "list", "--archived", "--at", before)).data).toEqual([]);
		expect((await succeed(place, "task", "show", id, "--at", archived)).data).toMatchObject({ id, status: "done" });
		const [entry, ...older] = (await succeed(place, "task", "log", id)).data;
		expect(entry).toMatchObject({ op: "archive", squashed: null });
		expect(entry.changes).toEqual([
			{ field: "home", from: "tasks", to: expect.stringMatching(/^tasks\/archive\/\d{4}$/) },
		]);
		expect(older.map(({ op }: { op: string }) => op)).toEqual(["close", "add"]);
		expect((await place.msgcode("task", "log", id)).stdout).toContain("archived to");
		await succeed(place, "task", "reopen", id);
		const [home] = (await succeed(place, "task", "log", id)).data;
		expect(home.changes.map(({ field }: { field: string }) => field)).toContain("home");
		expect((await place.msgcode("task", "log", id)).stdout).toContain("brought home");
	});
});

describe("task log", () => {
	test("a plain move of the files is told as one, not as a death and a birth", async () => {
		const place = await repo({ files: { "code.txt": "1\n" }, ledger: true });
		const id = await addTask(place, "Moved by hand");
		for (const [from, to] of [
			["tasks", "tasks/archive/2025"],
			["tasks/archive/2025", "tasks"],
		]) {
			place.git("mv", "-k", `${from}/${id}.md`, `${from}/${id}.json`, ".");
			execFileSync("mkdir", ["-p", join(place.path, to as string)]);
			place.git("mv", `${id}.md`, `${id}.json`, to as string);
			place.commitAll(`to ${to}`);
		}
		const entries = (await succeed(place, "task", "log", id)).data;
		expect(entries.map(({ op, derived }: Data) => [op, derived])).toEqual([
			["bring-home", true],
			["archive", true],
			["add", false],
		]);
		for (const { changes } of entries.slice(0, 2)) expect(changes).toHaveLength(1);
	});

	test("a squash merge: what is known, and that several steps are in it", async () => {
		const { ann } = await twoClones();
		ann.git("switch", "--quiet", "-c", "work");
		const id = await addTask(ann, "Squashed");
		await succeed(ann, "task", "edit", id, "--priority", "8");
		await succeed(ann, "task", "run", id, "--in-place", "--", "true");
		await succeed(ann, "task", "close", id);
		const whole = (await succeed(ann, "task", "log", id)).data;
		expect(whole.every(({ squashed, derived }: Data) => squashed === null && !derived)).toBe(true);
		ann.git("switch", "--quiet", "main");
		ann.git("merge", "--quiet", "--squash", "work");
		ann.git("commit", "--quiet", "-m", "Everything at once (#7)", "--author", "Eve <eve@example.com>");
		const [entry, ...others] = (await succeed(ann, "task", "log", id)).data;
		expect(others).toEqual([]);
		expect(entry).toMatchObject({ actor: "Eve", derived: true, summary: "Everything at once (#7)" });
		expect(entry.squashed).toEqual(["add", "run", "close"]);
		expect((await ann.msgcode("task", "log", id)).stdout).toContain("squashed into one commit: add, run, close");
		// As a forge writes it: the commits' messages one after the other, so that the last block's trailers are read.
		ann.git(
			"commit",
			"--quiet",
			"--amend",
			"-m",
			`All (#7)\n\n* one\n\nMsgcode-Op: add\nMsgcode-Task: ${id}\n\n* two\n\nMsgcode-Op: close\nMsgcode-Task: ${id}`,
		);
		const [forge] = (await succeed(ann, "task", "log", id)).data;
		expect(forge).toMatchObject({ op: "close", derived: false, squashed: ["add", "run", "close"] });
	});

	test("a run names its landing; an undo and a revert name what they take back", async () => {
		const place = await repo({ files: { "code.txt": "1\n" }, ledger: true });
		const id = await addTask(place, "A task", "--priority", "2");
		const { data: run } = await succeed(place, "task", "run", id, "--", "sh", "-c", "echo 2 > code.txt");
		await succeed(place, "task", "apply", id, "--yes");
		const landing = place.git("rev-parse", "HEAD");
		const entries = (await succeed(place, "task", "log", id)).data;
		expect(entries.map(({ op, runId, landedIn }: Data) => [op, runId, landedIn])).toEqual([
			["apply", run.runId, landing],
			["run", run.runId, landing],
			["add", null, null],
		]);
		const text = (await place.msgcode("task", "log", id)).stdout;
		expect(text).toContain(`msgcode run show ${run.runId}`);
		expect(text).toContain(`landed in ${landing.slice(0, 10)}`);
		await succeed(place, "task", "edit", id, "--priority", "9");
		const edit = place.git("rev-parse", "HEAD");
		await succeed(place, "undo");
		const [undo] = (await succeed(place, "task", "log", id)).data;
		expect(undo).toMatchObject({ op: "undo", undoes: { commit: edit } });
		place.git("revert", "--no-edit", "HEAD");
		const [revert] = (await succeed(place, "task", "log", id)).data;
		expect(revert.undoes).toMatchObject({ commit: undo.commit, summary: undo.summary });
		expect((await place.msgcode("task", "log", id)).stdout).toContain(`undoes ${undo.commit.slice(0, 10)}`);
	});

	test("of a task whose files are gone: by its whole id", async () => {
		const place = await repo({ files: { "code.txt": "1\n" }, ledger: true });
		const id = await addTask(place, "Gone");
		place.git("rm", "--quiet", "-r", `tasks/${id}.md`, `tasks/${id}.json`);
		place.commitAll("deleted by hand");
		const entries = (await succeed(place, "task", "log", id)).data;
		expect(entries.map(({ op }: Data) => op)).toEqual(["delete", "add"]);
		expect(await refused(place, "task", "log", id.slice(0, 8))).toMatchObject({ code: "task_not_found" });
		expect(await refused(place, "task", "log", "tsk_zzzzzzzzzz")).toMatchObject({
			code: "task_not_found",
			message: expect.stringContaining("history"),
		});
		place.git("switch", "--quiet", "--orphan", "elsewhere");
		place.git("checkout", "--quiet", "main", "--", "tasks/ledger.json");
		place.commitAll("another history");
		expect(await refused(place, "task", "log", id)).toMatchObject({ code: "task_not_found" });
	});

	test("-p shows changed words in colour, and an ordinary diff without", async () => {
		const place = await repo({ files: { "code.txt": "1\n" }, ledger: true });
		const id = await addTask(place, "Count the cents", "--prompt", "The quick brown fox jumps over the lazy dog.\n");
		await succeed(
			place,
			"task",
			"edit",
			id,
			"--prompt",
			"The quick red fox jumps over the lazy \u001b[2Jdog.\n",
			"--title",
			"Count the euros",
		);
		const colour = await place.msgcodeWith({ terminal: 100 }, "task", "log", id, "-p", "--limit", "1");
		expect(colour.stdout).toContain(
			"\u001b[33m~\u001b[39mThe quick \u001b[31mbrown\u001b[39m\u001b[32mred\u001b[39m fox jumps",
		);
		expect(colour.stdout).toContain("Count the \u001b[31mcents\u001b[39m\u001b[32meuros\u001b[39m");
		expect(colour.stdout).not.toContain("\u001b[2J");
		const plain = await place.msgcode("task", "log", id, "-p", "--limit", "1");
		expect(plain.stdout).toContain("\n-The quick brown fox jumps over the lazy dog.\n");
		expect(plain.stdout).toContain("\n+title: Count the euros\n");
		expect(plain.stdout).not.toContain("\u001b");
	});
});

describe("msgcode log", () => {
	const TRAILERS = ["Op", "Actor"].map((name) => `%(trailers:key=Msgcode-${name},valueonly,separator=%x1f)`);
	const LEDGER =
		/^tasks\/(?:(?:archive\/\d{4}\/)?(?:(tsk_\w{10})\.(?:md|json)|runs\/(tsk_\w{10})\/run_\w+\/.+)|ledger\.json|runs\.jsonl|index\.json|\.git(?:attributes|ignore)|templates\/[^/]+\.md|archive\/\d{4}\/.+)$/;

	/** Commits that touch the ledger, from git alone: each with its time, words and tasks. */
	function gitsLog(place: Repo) {
		const lines = place.git(
			"log",
			"--date-order",
			"-z",
			`--format=${["%H", "%P", "%at", "%ct", "%an", ...TRAILERS].join("%n")}`,
		);
		return lines
			.split("\0")
			.filter(Boolean)
			.flatMap((text) => {
				const [oid = "", parents = "", at, ct, author = "", op = "", actor = ""] = text.split("\n");
				const bases = parents === "" ? [place.git("hash-object", "-t", "tree", "/dev/null")] : parents.split(" ");
				const sets = bases.map((parent) => {
					const paths = place.git("diff", "-z", "--no-renames", "--name-only", parent, oid, "--", "tasks").split("\0");
					return new Set(
						paths.flatMap((path) => {
							const found = LEDGER.exec(path);
							return found === null ? [] : [found[1] ?? found[2] ?? "the ledger"];
						}),
					);
				});
				const inAll = [...(sets[0] as Set<string>)].filter((name) => sets.every((set) => set.has(name)));
				const tasks = inAll.filter((name) => name.startsWith("tsk_")).sort();
				if (inAll.length === 0) return [];
				return [
					{
						oid,
						tasks,
						atMs: Number(at) * 1000,
						seconds: Number(ct),
						actor: actor || author,
						op: op || null,
						merge: bases.length > 1,
					},
				];
			});
	}

	test.each([21, 22, 23])("seed %i: every commit that touched the ledger, as git tells it", async (seed) => {
		const place = await repo({ files: { "code.txt": "1\n" }, ledger: true });
		const made = randomHistory(place, seed);
		for (let step = 0; step < 45; step += 1) made.step();
		const expected = gitsLog(place);
		const all: Data[] = (await succeed(place, "log")).data;
		const comparable = (entries: Data[]) =>
			entries.map(({ commit, tasks, atMs, actor }) => [commit, tasks.map(({ id }: Data) => id).sort(), atMs, actor]);
		const gits = (commits: typeof expected) => commits.map(({ oid, tasks, atMs, actor }) => [oid, tasks, atMs, actor]);
		expect(comparable(all)).toEqual(gits(expected));
		for (const [position, { op, derived }] of all.entries()) {
			const known = expected[position];
			expect(derived).toBe(known?.op === null);
			expect(op).toBe(known?.op ?? (known?.merge ? "merge" : op));
			expect(op).not.toBe("");
		}
		const times = expected.map(({ seconds }) => seconds).sort((a, b) => a - b);
		const middle = times[Math.floor(times.length / 2)] as number;
		const iso = new Date(middle * 1000).toISOString();
		expect(comparable((await succeed(place, "log", "--since", iso)).data)).toEqual(
			gits(expected.filter(({ seconds }) => seconds >= middle)),
		);
		expect(comparable((await succeed(place, "log", "--until", iso)).data)).toEqual(
			gits(expected.filter(({ seconds }) => seconds <= middle)),
		);
		expect(comparable((await succeed(place, "log", "--actor", "Ann")).data)).toEqual(
			gits(expected.filter(({ actor }) => actor === "Ann")),
		);
		expect((await succeed(place, "log", "--op", "edit")).data.map(({ commit }: Data) => commit)).toEqual(
			all.filter(({ op }) => op === "edit").map(({ commit }) => commit),
		);
		const [id] = made.ids;
		const ofTask = (await succeed(place, "log", "--task", id as string).catch(() => ({ data: [] }))).data;
		expect(comparable(ofTask)).toEqual(gits(expected.filter(({ tasks }) => tasks.includes(id as string))));
		expect(comparable((await succeed(place, "log", "-n", "3")).data)).toEqual(gits(expected.slice(0, 3)));
	});

	test("reads like one line each, whatever the width, with titles; nothing of the data acts on the terminal", async () => {
		const place = await repo({ files: { "code.txt": "1\n" }, ledger: true });
		const id = await addTask(place, "A title that is long enough to be cut on a narrow terminal");
		await succeed(place, "task", "edit", id, "--priority", "8", "--actor", "Eve \u001b[2J");
		for (const width of [60, 80, 120]) {
			const { stdout } = await place.msgcodeWith({ terminal: width, env: { NO_COLOR: "1" } }, "log");
			const lines = stdout.trimEnd().split("\n");
			expect(lines).toHaveLength(4);
			for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
			expect(stdout).not.toContain("\u001b");
			expect(stdout).toContain(width === 80 ? "A title" : "A title that is long");
			expect(stdout.includes(id)).toBe(width >= 80);
		}
		expect((await place.msgcode("log")).stdout).toContain("A title that is long enough");
		const rows = (await place.msgcode("log", "--plain")).stdout.trimEnd().split("\n");
		expect(rows.map((row) => row.split("\t")[3])).toEqual(["edit", "add", "init"]);
		expect(rows[0]?.split("\t")[4]).toBe(id);
	});

	test("a long log is written as it is read, as one document; a person sees fifty and is told so", async () => {
		const place = await repo({ files: { "code.txt": "1\n" }, ledger: true });
		const id = await addTask(place, "A task");
		fastImport(place, 230, (number) => `M 100644 inline tasks/${id}.md\ndata ${`${number}\n`.length}\n${number}\n\n`);
		const { data, kind, warnings } = await succeed(place, "log");
		expect([data.length, kind, warnings]).toEqual([232, "log", []]);
		expect((await succeed(place, "log", "-n", "130")).data).toEqual(data.slice(0, 130));
		const text = (await place.msgcode("log")).stdout;
		expect(text.trimEnd().split("\n")).toHaveLength(52);
		expect(text).toContain("older ones are left out");
		expect((await succeed(place, "log", "--op", "none")).data).toEqual([]);
	});

	test("a shallow clone says that it is; an unborn branch has no log; nonsense is no time", async () => {
		const { ann } = await twoClones();
		await addTask(ann, "One");
		await addTask(ann, "Two");
		const clone = ann.clone("--depth=2", "--no-local");
		const { data, warnings } = await succeed(clone, "log");
		expect(data.map(({ op }: Data) => op)).toEqual(["add", "add"]);
		expect(warnings).toMatchObject([{ code: "history_cut" }]);
		for (const flag of ["--since", "--until"]) {
			for (const nonsense of ["nonsense", "", "2026-02-30", "last banana", "; rm"]) {
				expect(await refused(ann, "log", flag, nonsense)).toMatchObject({ code: "input_invalid" });
			}
			for (const time of [
				"2 weeks ago",
				"yesterday",
				"2026-01-02",
				"last friday",
				"2026-01-02T03:04:05+02:00",
				"@1700000000",
			]) {
				await succeed(ann, "log", flag, time);
			}
		}
		ann.git("checkout", "--quiet", "--orphan", "unborn");
		expect((await succeed(ann, "log")).data).toEqual([]);
	});

	test("a terminal is told when a long history is read for the first time, and nobody else", async () => {
		const place = await repo({ files: { "code.txt": "1\n" }, ledger: true });
		fastImport(place, 5_100, () => "");
		const again = () => rmSync(join(place.path, ".git/msgcode/history"), { recursive: true, force: true });
		again();
		expect((await place.msgcode("log", "-n", "1")).stderr).toBe("");
		again();
		expect((await place.msgcodeWith({ terminal: 80 }, "log", "-n", "1")).stderr).toContain("Reading 5,102 commits");
		expect((await place.msgcodeWith({ terminal: 80 }, "log", "-n", "1")).stderr).toBe("");
	});
});

/** Adds commits to `main`, each with the changes that are given for its number. */
function fastImport(place: Repo, count: number, changes: (number: number) => string) {
	const commits = Array.from({ length: count }, (_, number) => {
		const from = number === 0 ? "from refs/heads/main^0\n" : "";
		return `commit refs/heads/main\ncommitter A <a@example.com> ${1_900_000_000 + number} +0000\ndata 2\nc\n${from}${changes(number)}`;
	});
	execFileSync("git", ["fast-import", "--quiet"], { cwd: place.path, env: place.env, input: commits.join("\n") });
	place.git("reset", "--quiet", "--hard");
}

describe("runs of any age", () => {
	async function twoRuns() {
		const place = await repo({ files: { "a.txt": "1\n", "b.txt": "1\n", "c.txt": "1\n" }, ledger: true });
		const id = await addTask(place, "A task");
		const first = await succeed(place, "task", "run", id, "--", "sh", "-c", "echo 2 > a.txt; echo 2 > b.txt");
		const second = await succeed(place, "task", "run", id, "--", "sh", "-c", "echo 3 > a.txt; echo 2 > c.txt");
		return { place, id, a: first.data.runId as string, b: second.data.runId as string };
	}

	test("run show: archived, and removed from the checkout long ago", async () => {
		const { place, id, a, b } = await twoRuns();
		const then = (await succeed(place, "run", "show", a)).data;
		expect(then.commit).toBeNull();
		await succeed(place, "task", "close", id);
		await succeed(place, "task", "worktree", "rm", id);
		await succeed(place, "task", "archive", id);
		expect((await succeed(place, "run", "show", a)).data).toEqual(then);
		const archive =
			place
				.git("ls-files", "tasks/archive")
				.split("\n")
				.find((path) => path.includes(a)) ?? "";
		const had = place.git("rev-parse", "HEAD");
		place.git("rm", "--quiet", "-r", archive.slice(0, archive.indexOf(a) + a.length));
		place.commitAll("tidied away");
		await addTask(place, "Later");
		const gone = (await succeed(place, "run", "show", a)).data;
		expect(gone).toEqual({ ...then, commit: had });
		expect((await place.msgcode("run", "show", a)).stdout).toContain("not in the checkout");
		expect((await succeed(place, "run", "show", a.slice(0, -2))).data.runId).toBe(a);
		expect(await refused(place, "run", "show", "run_19990101")).toMatchObject({ code: "run_not_found" });
		expect((await succeed(place, "run", "show", b)).data.commit).toBeNull();
		place.git("rm", "--quiet", "-r", "tasks/archive");
		place.commitAll("all of it");
		expect(await refused(place, "run", "show", "run_2")).toMatchObject({ code: "run_ambiguous" });
	});

	test("run show: the run as the branch had it last, not as a branch had it whose changes a merge left out", async () => {
		const { place, id, a } = await twoRuns();
		const then = (await succeed(place, "run", "show", a)).data;
		const receipt = `tasks/runs/${id}/${a}/run_receipt.json`;
		place.git("switch", "--quiet", "-c", "side");
		place.write(
			receipt,
			place.read(receipt).replace(/"durationMs": \d+,\n {2}"endedAt"/, '"durationMs": 7777777,\n  "endedAt"'),
		);
		place.commitAll("changed on the side");
		expect((await succeed(place, "run", "show", a)).data.durationMs).toBe(7_777_777);
		place.git("switch", "--quiet", "main");
		place.git("merge", "--quiet", "--no-edit", "-s", "ours", "side");
		const had = place.git("rev-parse", "HEAD");
		place.git("rm", "--quiet", "-r", `tasks/runs/${id}/${a}`);
		place.commitAll("tidied away");
		expect((await succeed(place, "run", "show", a)).data).toEqual({ ...then, commit: had });
	});

	test("run compare: a result with a secret in it is shown to a person only", async () => {
		const place = await repo({ files: { "a.txt": "1\n" }, ledger: true });
		const id = await addTask(place, "A task");
		const good = await succeed(place, "task", "run", id, "--", "sh", "-c", "echo 2 > a.txt");
		const leak = `printf 'key = "AKIA%s"\\n' QWERTYUIOPASDFGH > key.txt`;
		const bad = (await place.msgcode("--json", "task", "run", id, "--", "sh", "-c", leak)).json();
		const [a, b] = [good.data.runId, bad.data.runId];
		const json = await place.msgcode("--json", "run", "compare", a, b);
		expect(json.json().warnings).toMatchObject([{ code: "patch_withheld" }]);
		expect(json.json().data).toMatchObject({ by: "results", files: [{ path: "a.txt" }, { path: "key.txt" }] });
		for (const said of [json, await place.msgcode("run", "compare", b, a)])
			expect(said.stdout).not.toContain("AKIAQWERTY");
		expect((await place.msgcodeWith({ terminal: 100 }, "run", "compare", a, b)).stdout).toContain("AKIAQWERTY");
	});

	test("run compare: how they ended, whose files, and the difference as git tells it", async () => {
		const { place, a, b } = await twoRuns();
		const { data, warnings } = await succeed(place, "run", "compare", a, b);
		expect(warnings).toEqual([]);
		expect(data.files).toEqual([
			{
				path: "a.txt",
				a: { path: "a.txt", insertions: 1, deletions: 1 },
				b: { path: "a.txt", insertions: 1, deletions: 1 },
			},
			{ path: "b.txt", a: { path: "b.txt", insertions: 1, deletions: 1 }, b: null },
			{ path: "c.txt", a: null, b: { path: "c.txt", insertions: 1, deletions: 1 } },
		]);
		expect(data).toMatchObject({ by: "results", a: { runId: a, status: "ok" }, b: { runId: b, status: "ok" } });
		const gits = place.git(
			"diff",
			"--full-index",
			"--no-renames",
			`refs/msgcode/runs/${a}`,
			`refs/msgcode/runs/${b}`,
			"--",
			"*.txt",
		);
		expect(data.diff.trimEnd()).toBe(gits);
		const numbers = place
			.git("diff", "--numstat", `refs/msgcode/runs/${a}`, `refs/msgcode/runs/${b}`, "--", "*.txt")
			.split("\n");
		const stat = (await succeed(place, "run", "compare", a, b, "--stat")).data;
		expect(stat.diff).toBeUndefined();
		expect(
			stat.difference.map(({ path, insertions, deletions }: Data) => `${insertions}\t${deletions}\t${path}`),
		).toEqual(numbers);
		const text = await place.msgcodeWith({ terminal: 100 }, "run", "compare", a, b);
		expect(text.stdout).toContain("\u001b[32m+3\u001b[39m");
		expect(text.stdout).toMatch(/only a.*b\.txt/);
		expect((await place.msgcode("run", "compare", a, a, "--stat")).stdout).toContain("the same");
		expect((await place.msgcode("run", "compare", a, b, "--plain")).stdout.split("\n")[1]).toBe("b.txt\t+1 -1\t-");
	});

	test("run compare in a clone without the results compares the patches, and says so; also of removed runs", async () => {
		const { place, a, b } = await twoRuns();
		const clone = place.clone("--no-local");
		const { data, warnings } = await succeed(clone, "run", "compare", a, b);
		expect(warnings).toMatchObject([{ code: "results_missing" }]);
		expect(data.by).toBe("patches");
		expect(data.files.map(({ path }: Data) => path)).toEqual(["a.txt", "b.txt", "c.txt"]);
		expect(data.diff).toContain("\n-+2\n");
		clone.git("rm", "--quiet", "-r", "tasks/runs");
		clone.git("commit", "--quiet", "-m", "gone");
		expect(existsSync(join(clone.path, "tasks/runs"))).toBe(false);
		const gone = (await succeed(clone, "run", "compare", a, b)).data;
		expect([gone.files, gone.diff]).toEqual([data.files, data.diff]);
	});

	test("runs with different bases: what neither of them did is no difference", async () => {
		const place = await repo({ files: { "a.txt": "1\n", "other.txt": "1\n" }, ledger: true });
		const id = await addTask(place, "A task");
		const first = await succeed(place, "task", "run", id, "--", "sh", "-c", "echo 2 > a.txt");
		place.write("other.txt", "2\n");
		place.commitAll("meanwhile");
		const second = await succeed(place, "task", "run", id, "--", "sh", "-c", "echo 3 > a.txt");
		const { data } = await succeed(place, "run", "compare", first.data.runId, second.data.runId);
		expect(data.difference.map(({ path }: Data) => path)).toEqual(["a.txt"]);
	});
});
