// A tmux server of a test's own: its socket is in a temporary folder, and it ends with the test. Whoever has no tmux is told.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "./repo.ts";
import { program } from "./supervise.ts";

export const hasTmux = spawnSync("tmux", ["-V"]).status === 0;
if (!hasTmux) {
	process.stderr.write(
		"\n*** tmux is NOT INSTALLED: the tests that need it are skipped and prove nothing. Install it. ***\n\n",
	);
}

export interface TmuxServer {
	/** What programs need to find the server. */
	readonly env: Readonly<Record<string, string>>;
	/** Runs tmux; its stdout without the final newline. */
	tmux(...args: string[]): string;
	/** Starts a session with fixtures/programs/pane.mjs in it and waits until that is ready. */
	pane(session: string, ...words: string[]): Promise<Pane>;
}

export interface Pane {
	/** Every byte that was typed so far. */
	typed(): string;
	/** Waits until the typed bytes end so. */
	typedUntil(end: string): Promise<string>;
}

export function tmuxServer(): TmuxServer {
	const folder = temporaryFolder("msgcode-tmux-");
	const env = { PATH: process.env.PATH ?? "", HOME: folder, LANG: "C.UTF-8", TERM: "xterm", TMUX_TMPDIR: folder };
	const tmux = (...args: string[]) =>
		execFileSync("tmux", ["-f", "/dev/null", ...args], { env, stdio: "pipe", encoding: "utf8" }).replace(/\n$/, "");
	onTestFinished(() => {
		spawnSync("tmux", ["kill-server"], { env });
	});
	let count = 0;
	return {
		env,
		tmux,
		async pane(session, ...words) {
			count += 1;
			const file = join(folder, `typed-${count}`);
			const argv = [process.execPath, program("pane.mjs"), file, ...words];
			tmux("new-session", "-d", "-s", session, "-x", "100", "-y", "30", ...argv);
			await until(() => tmux("capture-pane", "-p", "-t", `=${session}:`).includes("ready"));
			const typed = () => readFileSync(file, "utf8");
			return {
				typed,
				async typedUntil(end) {
					await until(() => typed().endsWith(end));
					return typed();
				},
			};
		},
	};
}

async function until(fact: () => boolean): Promise<void> {
	for (let left = 1000; !fact(); left -= 1) {
		if (left === 0) throw new Error("It did not come true.");
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
}
