// The driver of tmux, with a real tmux on a socket of its own.
import { groupNameOf } from "../../../src/runners/drivers/tmux/tmux-text.ts";
import { createRegistry } from "../../../src/runners/registry.ts";
import { tmuxServer } from "../../support/tmux.ts";
import { type Subject, taskFile, type Way } from "../subject.ts";

const TARGET = "any;-;you@example.com";
const GROUP = groupNameOf(TARGET);
const NO_LOGIN = "a session of this machine asks for no login and has no limit";
const ONLY_TEXT = "what stands in a pane is text, whatever it is; tmux itself made lines of it";
const NO_FILES = "it delivers text and writes no file";

export const tmux: Subject = {
	id: "tmux",
	notApplicable: {
		"no change": NO_FILES,
		limit: NO_LOGIN,
		"auth missing": NO_LOGIN,
		garbage: ONLY_TEXT,
		"line of 100 MB": ONLY_TEXT,
		"invalid UTF-8": ONLY_TEXT,
		"crash after partial work": NO_FILES,
		resume: "a session of tmux is the user's, not the runner's",
	},
	runner: () => createRegistry().get("tmux"),
	env: () => ({}),
	async way(name): Promise<Way> {
		const server = tmuxServer();
		const waits = name === "cancel" || name.startsWith("hang");
		const pane = name === "failure" ? null : await server.pane(GROUP);
		return {
			payload: { prompt: "Hello there.\n" },
			context: { route: { channel: "tmux", target: TARGET } },
			constraints: waits ? { waitForReplyMs: 60_000 } : {},
			env: server.env,
			...(name === "cancel" && pane !== null ? { started: pane.typedUntil("\r") } : {}),
		};
	},
	work: "message",
	task: {
		notApplicable: { crash: NO_FILES },
		async prepare() {
			const server = tmuxServer();
			const pane = await server.pane(GROUP);
			const { TMUX_TMPDIR = "" } = server.env;
			return { env: { TMUX_TMPDIR }, started: () => pane.typedUntil("Wait for it.\u001b[201~\r") };
		},
		add(name, at) {
			if (name === "success") return ["--route", `tmux:${TARGET}`, "--runner", "tmux", "--prompt", "Hello there."];
			const route = `route:\n  channel: tmux\n  target: "${TARGET}"`;
			const frontMatter = `title: Make the file\n${route}\nrunner:\n  kind: tmux\n  waitForReply: 60s`;
			return ["--from", taskFile(at, name, frontMatter, "Wait for it.")];
		},
	},
};
