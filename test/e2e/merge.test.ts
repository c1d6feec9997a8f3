// Two clones work apart and meet by plain `git merge`, with no driver installed: no conflict, nothing lost, and the same
// ledger whichever side merges. Histories are random, from a seed that the test's name tells.
import { describe, expect, test } from "vitest";
import type { Repo } from "../support/repo.ts";
import { addTask, succeed, twoClones } from "../support/two-clones.ts";

const SEEDS = process.env.MERGE_SEED === undefined ? [1, 2, 3, 4, 5, 6] : [Number(process.env.MERGE_SEED)];
const SHARED_TASKS = 4;
const STEPS = 9;

type Random = (below: number) => number;

/** mulberry32: small, and the same everywhere. */
function randomFrom(seed: number): Random {
	let state = seed;
	return (below) => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
	};
}

/** What must be true of a task after the merge, as far as somebody changed it. */
interface Expected {
	fields: Record<string, unknown>;
	prompt: string[];
	runs: Set<string>;
}

type Model = Map<string, Expected>;

function expected(model: Model, id: string): Expected {
	const known = model.get(id) ?? { fields: {}, prompt: [], runs: new Set<string>() };
	model.set(id, known);
	return known;
}

/** One person: which fields of the shared tasks are theirs to change, and what they did. */
interface Person {
	readonly place: Repo;
	readonly name: "ann" | "bob";
	/** Tasks that this person can still work on: neither closed nor removed by them. */
	readonly open: string[];
}

const OPENING = "The opening, by Ann.";
const CLOSING = "The closing, by Bob.";

async function sharedTasks(place: Repo): Promise<string[]> {
	const ids: string[] = [];
	for (let at = 0; at < SHARED_TASKS; at += 1) {
		// Every key that is edited later stands there from the start, away from the end of the front matter: two keys that
		// are added at one place are an ordinary conflict.
		const flags = ["--priority", "4", "--label", "old", "--timeout", "10m", "--runner", "shell"];
		const prompt = `${OPENING}\n\nIn between.\n\n${CLOSING}`;
		ids.push(await addTask(place, `Shared ${at}`, ...flags, "--prompt", prompt, "--", "true"));
	}
	return ids;
}

async function step(person: Person, shared: readonly string[], model: Model, random: Random): Promise<void> {
	const { place, name, open } = person;
	const words = `${name} ${random(1_000_000)}`;
	const id = open[random(open.length)];
	const act = random(9);
	if (act === 0 || id === undefined) {
		const added = await addTask(
			place,
			`New ${words}`,
			"--priority",
			String(1 + random(10)),
			"--runner",
			"shell",
			"--",
			"true",
		);
		expected(model, added).fields.title = `New ${words}`;
		open.push(added);
		return;
	}
	const mine = shared.indexOf(id) % 2 === (name === "ann" ? 0 : 1) || !shared.includes(id);
	if (act <= 2) {
		const [flag, key, value, text] =
			name === "ann"
				? random(2) === 0
					? ["--title", "title", words, words]
					: ["--priority", "priority", 1 + random(10), ""]
				: random(2) === 0
					? ["--label", "labels", [`l${random(100)}`], ""]
					: ["--timeout", "timeout", `${11 + random(40)}m`, ""];
		await succeed(place, "task", "edit", id, String(flag), text === "" ? String(value) : String(text));
		expected(model, id).fields[String(key)] = value;
	} else if (act === 3) {
		const file = `tasks/${id}.md`;
		const line = name === "ann" ? OPENING : CLOSING;
		const text = place.read(file);
		if (!text.includes(line)) return;
		place.write(file, text.replace(line, `${line} And ${words}.`));
		await succeed(place, "commit");
		expected(model, id).prompt.push(`And ${words}.`);
	} else if (act <= 5) {
		const how = random(3) === 0 ? [] : ["--in-place"];
		await succeed(place, "task", "approve", id, "--yes"); // what came with a pull is held
		const { data } = await succeed(place, "task", "run", id, ...how);
		expected(model, id).runs.add(data.runId ?? data.receipt?.runId);
	} else if (act === 6 && mine) {
		await succeed(place, "task", "block", id, "--reason", words);
		expected(model, id).fields.status = "blocked";
		if (random(2) === 0) {
			await succeed(place, "task", "reopen", id);
			expected(model, id).fields.status = "open";
		} else open.splice(open.indexOf(id), 1);
	} else if (act === 7 && mine) {
		await succeed(place, "task", "close", id, "--reason", words);
		expected(model, id).fields.status = "done";
		expected(model, id).fields.closed = expect.objectContaining({ reason: words });
		open.splice(open.indexOf(id), 1);
	} else if (act === 7) {
		await succeed(place, "task", "rm", id, "--reason", words);
		expected(model, id).fields.removed = expect.objectContaining({ reason: words });
		open.splice(open.indexOf(id), 1);
	} else {
		place.write(`${name}.txt`, `${words}\n`);
		place.git("add", `${name}.txt`);
		place.git("commit", "--quiet", "-m", `code of ${words}`);
	}
}

/** The committed ledger; the lines of runs.jsonl as a set, since a union keeps them in the order of the merging side. */
function ledgerOf(place: Repo): { tree: string[]; runLines: string[] } {
	const tree = place.git("ls-tree", "-r", "HEAD").split("\n");
	return {
		tree: tree.filter((line) => !line.endsWith("\ttasks/runs.jsonl")),
		runLines: place.read("tasks/runs.jsonl").trim().split("\n").sort(),
	};
}

async function check(place: Repo, model: Model): Promise<void> {
	expect(place.git("status", "--porcelain")).toBe("");
	const { data: tasks } = await succeed(place, "task", "list", "--all", "--removed", "--no-index");
	const ids = tasks.map(({ id }: { id: string }) => id);
	expect(new Set(ids).size).toBe(ids.length);
	expect(ids).toEqual(expect.arrayContaining([...model.keys()]));
	const runLines = ledgerOf(place)
		.runLines.filter((line) => line !== "")
		.map((line) => JSON.parse(line).runId);
	expect(new Set(runLines).size).toBe(runLines.length);
	for (const [id, { fields, prompt, runs }] of model) {
		const { data: task } = await succeed(place, "task", "show", id);
		expect(task).toMatchObject(fields);
		expect(task.diagnostics).toEqual([]);
		for (const line of prompt) expect(task.inputs.prompt).toContain(line);
		expect(task.runs).toBe(runs.size);
		for (const runId of runs) {
			expect(runLines).toContain(runId);
			expect(JSON.parse(place.read(`tasks/runs/${id}/${runId}/run_receipt.json`)).runId).toBe(runId);
		}
	}
	const { data: checks } = await succeed(place, "doctor");
	const ledger = checks.find(({ name }: { name: string }) => name === "ledger");
	expect([ledger.status, ledger.details.findings ?? []]).toEqual(["ok", []]);
}

describe("plain git merge of two clones", () => {
	test.each(SEEDS)("no conflict, nothing lost, the same both ways (seed %i)", async (seed) => {
		const random = randomFrom(seed);
		const { ann, bob, originGit } = await twoClones();
		const shared = await sharedTasks(ann);
		const model: Model = new Map();
		for (const id of shared) expected(model, id);
		ann.git("push", "--quiet");
		bob.git("pull", "--quiet");
		const people: Person[] = [
			{ place: ann, name: "ann", open: [...shared] },
			{ place: bob, name: "bob", open: [...shared] },
		];
		for (const person of people) {
			for (let count = 0; count < STEPS; count += 1) await step(person, shared, model, random);
		}
		for (const { place, name } of people) {
			place.git("push", "--quiet", "origin", `HEAD:refs/heads/${name}`);
			if (name === "ann") place.git("config", "--remove-section", "merge.msgcode"); // init registered it
			expect(place.git("config", "--list", "--local")).not.toMatch(/^merge\./m);
		}
		ann.git("fetch", "--quiet");
		bob.git("fetch", "--quiet");
		ann.git("merge", "--quiet", "--no-edit", "origin/bob");
		bob.git("merge", "--quiet", "--no-edit", "origin/ann");
		expect(ledgerOf(bob)).toEqual(ledgerOf(ann));
		await check(ann, model);
		await check(bob, model);
		// The two merges meet again: a criss-cross, which must add nothing and lose nothing.
		const before = ledgerOf(ann);
		bob.git("push", "--quiet", "origin", "HEAD:refs/heads/bob");
		ann.git("fetch", "--quiet");
		ann.git("merge", "--quiet", "--no-edit", "origin/bob");
		expect(ledgerOf(ann).tree).toEqual(before.tree);
		expect([...new Set(ledgerOf(ann).runLines)]).toEqual(before.runLines);
		ann.git("push", "--quiet", "origin", "HEAD:main");
		expect(originGit("rev-parse", "main")).toBe(ann.git("rev-parse", "HEAD"));
	});

	test("removed on one side, edited and run on the other: the tombstone and the work are both there", async () => {
		const { ann, bob } = await twoClones();
		const [id = ""] = await sharedTasks(ann);
		ann.git("push", "--quiet");
		bob.git("pull", "--quiet");
		await succeed(ann, "task", "rm", id, "--reason", "duplicate");
		const other = await addTask(ann, "Shared 0 again", "--priority", "5", "--label", "old");
		await succeed(bob, "task", "edit", id, "--title", "Renamed meanwhile");
		await succeed(bob, "task", "approve", id, "--yes");
		await succeed(bob, "task", "run", id);
		ann.git("push", "--quiet");
		bob.git("pull", "--quiet", "--no-rebase", "--no-edit");
		expect((await succeed(bob, "task", "show", id)).data).toMatchObject({
			title: "Renamed meanwhile",
			removed: { reason: "duplicate" },
			runs: 1,
		});
		expect((await succeed(bob, "task", "show", other)).data).toMatchObject({ title: "Shared 0 again", removed: null });
	});

	test("the same scalar changed on both sides is an ordinary conflict, named by every command until it is settled", async () => {
		const { ann, bob } = await twoClones();
		const [id = "", good = ""] = await sharedTasks(ann);
		ann.git("push", "--quiet");
		bob.git("pull", "--quiet");
		await succeed(ann, "task", "edit", id, "--priority", "9");
		await succeed(bob, "task", "edit", id, "--priority", "1");
		ann.git("push", "--quiet");
		expect(() => bob.git("pull", "--quiet", "--no-rebase", "--no-edit")).toThrow();
		const list = await bob.msgcode("task", "list", "--json");
		const broken = list.json().data.filter((task: { broken: boolean }) => task.broken);
		expect(broken.map((task: { id: string }) => task.id)).toEqual([id]);
		expect((await bob.msgcode("task", "show", good)).exitCode).toBe(0);
		expect((await bob.msgcode("task", "edit", good, "--priority", "2")).exitCode).toBe(5);
		bob.git("checkout", "--quiet", "--theirs", `tasks/${id}.md`);
		bob.git("commit", "--quiet", "--all", "--no-edit");
		expect((await succeed(bob, "task", "show", id)).data).toMatchObject({ priority: 9, diagnostics: [] });
	});
});
