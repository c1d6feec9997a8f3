// What Claude Code's stream leaves behind for its verdict and for the lines that follow.

import { rememberTodos, type TodoMemory } from "./claude-todos.ts";

export interface ClaudeMemory extends TodoMemory {
	/** The stream has begun: what ends from here on was no refused call. */
	began: boolean;
	/** What the last turn came to; null while a turn is under way. */
	result: ClaudeResult | null;
	/** What went wrong with its service, in the CLI's own word, where its last message is about that. */
	apiError: string | null;
	/** A limit was reported as reached. */
	limitRejected: boolean;
	/** Names of the tools that are at work, by the id of the call. */
	tools: Map<string, string>;
	/** The text that came in pieces and has not yet come whole. */
	pieces: string;
	thoughtPieces: string;
}

export interface ClaudeResult {
	readonly isError: boolean;
	readonly subtype: string | null;
	readonly httpStatus: number | null;
	/** The session that was to go on is not there. */
	readonly sessionUnknown: boolean;
}

export function rememberClaude(): ClaudeMemory {
	return {
		...rememberTodos(),
		began: false,
		result: null,
		apiError: null,
		limitRejected: false,
		tools: new Map(),
		pieces: "",
		thoughtPieces: "",
	};
}
