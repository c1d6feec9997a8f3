// A repository of a user who has one agent program and nothing else: its HOME, its PATH and its settings are temporary.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { type Ended, gitIn, MAIN, type RunOptions, runMsgcode } from "../support/ground.ts";
import type { FoundProgram } from "./find-programs.ts";

export interface Place {
	readonly path: string;
	readonly env: Readonly<Record<string, string>>;
	msgcode(argv: readonly string[], options?: RunOptions): Promise<Ended>;
	remove(): void;
}

/** Nothing but loopback can be reached by a program that keeps to the usual variables. */
const NO_NETWORK = {
	HTTP_PROXY: "http://127.0.0.1:9",
	HTTPS_PROXY: "http://127.0.0.1:9",
	NO_PROXY: "127.0.0.1,localhost",
};

export async function makePlace(
	program: FoundProgram,
	signIn: (home: string) => Readonly<Record<string, string>>,
): Promise<Place> {
	const folder = realpathSync(mkdtempSync(join(tmpdir(), "msgcode-agent-")));
	const home = join(folder, "home");
	const bin = join(folder, "bin");
	const temporary = join(folder, "tmp");
	const path = join(folder, "repo");
	for (const made of [home, bin, temporary, path]) mkdirSync(made);
	symlinkSync(program.path ?? "", join(bin, program.id));
	writeFileSync(join(home, ".gitconfig"), "[user]\n\tname = Test Person\n\temail = test@example.com\n");
	const own = signIn(home);
	const env = {
		PATH: [bin, dirname(process.execPath), "/usr/local/bin", "/usr/bin", "/bin"].join(delimiter),
		HOME: home,
		// Not the folder that HOME is in: Codex puts no program of its own below the temporary folder.
		TMPDIR: temporary,
		XDG_CONFIG_HOME: join(home, ".config"),
		XDG_DATA_HOME: join(home, ".local/share"),
		XDG_STATE_HOME: join(home, ".local/state"),
		XDG_CACHE_HOME: join(home, ".cache"),
		MSGCODE_CONFIG_DIR: join(home, "msgcode"),
		MSGCODE_ENV_ALLOW: Object.keys(own).join(","),
		GIT_CONFIG_NOSYSTEM: "1",
		GIT_CONFIG_GLOBAL: join(home, ".gitconfig"),
		LANG: "C.UTF-8",
		TZ: "UTC",
		...NO_NETWORK,
		...own,
	};
	const place: Place = {
		path,
		env,
		msgcode: (argv, options) => runMsgcode({ path, env, main: MAIN }, argv, options),
		remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }),
	};
	writeFileSync(join(path, "README.md"), "hello\n");
	gitIn(place, "init", "--quiet", "--initial-branch=main");
	gitIn(place, "add", "--all");
	gitIn(place, "commit", "--quiet", "-m", "first");
	const made = await place.msgcode(["init"]);
	if (made.code !== 0) throw new Error(`msgcode init failed: ${made.stderr}`);
	return place;
}
