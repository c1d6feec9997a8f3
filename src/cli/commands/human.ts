// `msgcode human …`: what live runs ask people, and what people answer. Declarations only.

import { parseDuration } from "../../core/clock.ts";
import type { Group } from "../declaration.ts";
import { listFlags } from "./options.ts";

export const human: Group = {
	name: "human",
	does: "Answer what live runs ask",
	verbs: [
		{
			words: "list",
			does: "List the questions that live runs wait with, the oldest first",
			examples: ["msgcode human list", "msgcode human list --json"],
			flags: listFlags,
			load: () => import("./human-list.ts"),
		},
		{
			words: "reply <question>",
			does: "Answer a question; its run goes on",
			more: "<question> is its id, or the id of the run that waits with only this one; a beginning is enough. The first answer counts.",
			examples: [
				"msgcode human reply q_1a2b --answer yes",
				"msgcode human reply run_20260102T03 --answer 'use port 8080'",
			],
			flags: [{ flag: "--answer <text>", help: "the answer; asked for at a terminal when it is left out" }],
			load: () => import("./human-reply.ts"),
		},
		{
			words: "ask <text>",
			does: "Ask a person from inside a run, and print the answer",
			more: "For programs that a run started: it waits until `msgcode human reply` answers. Exit code 130 when the run ends first, 124 when the question expires.",
			examples: ["msgcode human ask 'Which port?'", "msgcode human ask 'Delete the old table?' --choices yes,no"],
			flags: [
				{ flag: "--choices <list>", help: "the possible answers, by commas; without it any text" },
				{ flag: "--expires <duration>", help: "wait no longer than this", read: parseDuration },
			],
			load: () => import("./human-ask.ts"),
		},
	],
};
