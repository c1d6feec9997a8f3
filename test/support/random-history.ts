// A repository with a random history, made by the git command line alone: branches, merges, squashes, rebases, reverts,
// amended and rewritten commits, archive moves, runs and landings, clocks that stand still or go back.
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { randomFrom } from "../soak/random.ts";
import type { Repo } from "./repo.ts";

export interface RandomHistory {
	readonly ids: readonly string[];
	readonly runs: readonly string[];
	/** Does one random thing; its name. */
	step(): string;
}

const TASKS = ["tsk_0000000001", "tsk_0000000002", "tsk_0000000003", "tsk_0000000004"];

/** `place` has a commit. `prefix` is the workspace's folder with a final "/", or "". */
export function randomHistory(place: Repo, seed: number, prefix = ""): RandomHistory {
	const random = randomFrom(seed);
	let seconds = 1_700_000_000;
	let number = 0;
	const runs: string[] = [];
	const branches: string[] = [];

	const git = (...args: string[]) => {
		const date = `${seconds} +0000`;
		const env = { ...place.env, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date, GIT_EDITOR: "true" };
		return execFileSync("git", ["-c", "rerere.enabled=false", "-c", "advice.detachedHead=false", ...args], {
			cwd: place.path,
			env,
			stdio: "pipe",
		})
			.toString("utf8")
			.trim();
	};
	const attempt = (work: () => void, undo: () => void) => {
		try {
			work();
		} catch {
			undo();
		}
	};
	const files = () => git("ls-files", `${prefix}tasks`).split("\n");
	const homeOf = (id: string) => {
		const found = files().find((path) => path.endsWith(`/${id}.md`));
		return found === undefined ? null : found.slice(0, -`/${id}.md`.length);
	};
	const write = (path: string, text: string) => {
		mkdirSync(dirname(join(place.path, path)), { recursive: true });
		writeFileSync(join(place.path, path), text);
	};
	const commit = (subject: string, trailers: readonly string[] = []) => {
		git("add", "--all");
		git(
			"commit",
			"--quiet",
			"--allow-empty",
			"-m",
			subject,
			...(trailers.length > 0 ? ["-m", trailers.join("\n")] : []),
		);
	};
	const told = (op: string, id: string, summary: string) => {
		const words = [`Msgcode-Op: ${op}`, `Msgcode-Task: ${id}`, "Msgcode-Actor: Ann"];
		if (random.chance(0.7)) commit(`task(${id}): ${summary}`, words);
		else commit(summary);
	};
	const definition = () =>
		`---\ntitle: Title ${random.below(5)}\n\npriority: ${1 + random.below(9)}\n---\n\nLine ${random.below(9)}\n\nEnd ${number}\n`;
	const record = (id: string, status: string) =>
		`${JSON.stringify({ schemaVersion: 1, id, createdAtMs: 1, workspace: { uid: "u", path: "." }, route: null, status, closed: null, removed: null }, null, 2)}\n`;
	const onTask = (work: (id: string, home: string) => void) => {
		const id = random.pick(TASKS);
		const home = homeOf(id);
		if (home !== null) work(id, home);
		else {
			write(`${prefix}tasks/${id}.md`, definition());
			write(`${prefix}tasks/${id}.json`, record(id, "open"));
			told("add", id, "added");
		}
	};
	const move = (from: string, to: string, id: string) => {
		for (const name of [`${id}.md`, `${id}.json`, `runs/${id}`]) {
			if (!place.exists(`${from}/${name}`)) continue;
			mkdirSync(dirname(join(place.path, to, name)), { recursive: true });
			renameSync(join(place.path, from, name), join(place.path, to, name));
		}
	};
	const settle = (abort: string) => {
		// A conflict is settled for one side, or the whole thing is given up.
		if (random.chance(0.5)) {
			git("checkout", "--quiet", random.pick(["--ours", "--theirs"]), "--", ".");
			git("add", "--all");
			git("commit", "--quiet", "--no-edit", "--allow-empty");
		} else throw new Error(abort);
	};

	const actions: Record<string, () => void> = {
		edit: () =>
			onTask((id, home) => {
				write(`${home}/${id}.md`, definition());
				told("edit", id, `edit ${number}`);
			}),
		close: () =>
			onTask((id, home) => {
				write(`${home}/${id}.json`, record(id, random.pick(["done", "open", "blocked"])));
				told("close", id, `status ${number}`);
			}),
		several: () => {
			for (const id of TASKS) if (homeOf(id) !== null) write(`${homeOf(id)}/${id}.md`, definition());
			commit("all of them by hand");
		},
		run: () =>
			onTask((id, home) => {
				const run = `run_20260102T030405Z_${number.toString(16).padStart(8, "0")}`;
				runs.push(`${id}/${run}`);
				write(`${home}/runs/${id}/${run}/run_receipt.json`, JSON.stringify({ runId: run, taskId: id, number }));
				write(`${prefix}tasks/runs.jsonl`, `{"runId":"${run}"}\n`);
				told("run", id, "ran");
			}),
		land: () => {
			const receipt = files().find((path) => path.endsWith("/run_receipt.json") && random.chance(0.5));
			if (receipt === undefined) return;
			write(`${dirname(receipt)}/landing.json`, `{"number":${number}}`);
			write("code.txt", `${number}\n`);
			commit("landed");
		},
		code: () => {
			write("code.txt", `${number}\n`);
			commit("code only");
		},
		notTheLedgers: () => {
			write(`${prefix}tasks/notes-${random.below(2)}.txt`, `${number}\n`);
			write(`${prefix}tasks/odd \t"name\u00e9.md`, `${number}\n`);
			commit("a user's own files");
		},
		template: () => {
			write(`${prefix}tasks/templates/t.md`, `${number}\n`);
			commit("a template");
		},
		branch: () => {
			const depth = random.below(4);
			const name = `b${number}`;
			attempt(
				() => {
					git("switch", "--quiet", "-c", name, `HEAD~${depth}`);
					branches.push(name);
				},
				() => {},
			);
		},
		switch: () => git("switch", "--quiet", random.pick(["main", ...branches])),
		merge: () => {
			const other = random.pick(["main", ...branches]);
			attempt(
				() => {
					try {
						git("merge", "--quiet", "--no-edit", ...(random.chance(0.5) ? ["--no-ff"] : []), other);
					} catch {
						settle("merge");
					}
				},
				() =>
					attempt(
						() => git("merge", "--abort"),
						() => git("reset", "--quiet", "--hard"),
					),
			);
		},
		octopus: () => {
			if (branches.length < 2) return;
			attempt(
				() => git("merge", "--quiet", "--no-edit", ...branches.slice(-2)),
				() => git("reset", "--quiet", "--hard"),
			);
		},
		squash: () => {
			const other = random.pick(["main", ...branches]);
			attempt(
				() => {
					git("merge", "--quiet", "--squash", "-X", "theirs", other);
					git("commit", "--quiet", "--allow-empty", "--no-edit");
				},
				() => git("reset", "--quiet", "--hard"),
			);
		},
		rebase: () => {
			if (branches.length === 0) return;
			attempt(
				() => git("rebase", "--quiet", "-X", "theirs", "main", random.pick(branches)),
				() =>
					attempt(
						() => git("rebase", "--abort"),
						() => git("reset", "--quiet", "--hard"),
					),
			);
		},
		revert: () => {
			attempt(
				() => git("revert", "--no-edit", `HEAD~${random.below(3)}`),
				() =>
					attempt(
						() => git("revert", "--abort"),
						() => git("reset", "--quiet", "--hard"),
					),
			);
		},
		amend: () => git("commit", "--quiet", "--amend", "--allow-empty", "-m", `amended ${number}`),
		archive: () =>
			onTask((id, home) => {
				const live = `${prefix}tasks`;
				const to = home === live ? `${live}/archive/${random.pick(["2025", "2026"])}` : live;
				move(home, to, id);
				if (random.chance(0.3)) write(`${to}/${id}.json`, record(id, "done"));
				told("archive", id, "moved");
			}),
		remove: () => {
			if (!random.chance(0.3)) return;
			onTask((id, home) => {
				git(
					"rm",
					"--quiet",
					"-r",
					"--ignore-unmatch",
					"--",
					`${home}/${id}.md`,
					`${home}/${id}.json`,
					`${home}/runs/${id}`,
				);
				commit("removed by hand");
			});
		},
	};
	const likely = ["edit", "edit", "close", "run", "archive", "branch", "switch", "merge", "merge"];
	return {
		ids: TASKS,
		runs,
		step() {
			number += 1;
			// Commits of one second, commits in order, and now and then a clock that was wrong.
			seconds += random.pick([0, 0, 1, 60, 3600]);
			if (random.chance(0.05)) seconds -= 5000;
			const name = random.pick([...likely, ...Object.keys(actions)]);
			actions[name]?.();
			return name;
		},
	};
}
