// What the data of the events holds that more than one runner gives, so that every reader meets one form.
// Invariant: text in here is as the program said it; redaction comes where events are written.

/** `message.delta`: a piece of what the assistant says; `message.stop` ends the message. */
export interface MessageDelta {
	readonly text: string;
	/** It thinks aloud; `message.stop` of such a message says so too. */
	readonly thinking?: true;
}

/** `tool.started` */
export interface ToolStarted {
	readonly toolId: string;
	/** The program's own name for it: Write, command_execution, bash. */
	readonly name: string;
	readonly input: unknown;
}

/** `tool.finished` */
export interface ToolFinished {
	readonly toolId: string;
	readonly name: string;
	readonly status: "ok" | "error";
	readonly output: string;
	readonly exitCode?: number | null;
}

/** `todo.update`: the whole list as it stands now, in order. */
export interface TodoUpdate {
	readonly todos: readonly Todo[];
}

export interface Todo {
	readonly todoId: string;
	readonly content: string;
	readonly status: "todo" | "doing" | "done" | "canceled";
	/** From 1. */
	readonly order: number;
}

/** `run.limit` */
export interface LimitReached {
	readonly resetAtMs: number | null;
	/** True where no machine value gave the time, so that a wait is a guess. */
	readonly estimated: boolean;
	readonly text: string | null;
}

/** `run.warning` with code "retry": the program tries its model again by itself. */
export interface RunnerRetry {
	readonly code: "retry";
	readonly attempt: number | null;
	readonly delayMs: number | null;
	readonly httpStatus: number | null;
	readonly message: string | null;
}

/** `human_loop.requested` */
export interface HumanLoopRequest {
	readonly questionId: string;
	readonly prompt: string;
	/** Answers to choose from; empty = any text. */
	readonly choices: readonly string[];
	/** "permission": the runner asks whether it may; "question": it asks what to do. */
	readonly about: "permission" | "question";
	/** After so long without an answer it is "expired"; null or left out = it waits as long as its run. */
	readonly expiresAfterMs?: number | null;
}
