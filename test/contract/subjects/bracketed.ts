// Runners whose stand-in reads in the prompt what it is to do: one word in brackets.
import type { CaseName, Way, WholeCase } from "../subject.ts";

const WORDS: Readonly<Record<CaseName, string>> = {
	success: "ok",
	failure: "fail",
	"no change": "nochange",
	"hang until the whole time is over": "hang",
	"hang in silence": "hang",
	cancel: "hang",
	limit: "limit",
	"auth missing": "auth",
	garbage: "garbage",
	"line of 100 MB": "long-line",
	"invalid UTF-8": "invalid-utf8",
	"stream cut anywhere": "ok",
	"crash after partial work": "crash",
	resume: "ok",
};
const WHOLE: Readonly<Record<WholeCase, string>> = { success: "ok", crash: "crash", cancel: "hang" };

export function byPrompt(name: CaseName): Way {
	return { payload: { prompt: `Do this: [${WORDS[name]}]\n` } };
}

export function taskByPrompt(runner: string): (name: WholeCase) => readonly string[] {
	return (name) => ["--runner", runner, "--prompt", `Do this: [${WHOLE[name]}]`];
}
