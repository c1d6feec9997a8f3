// What the four model APIs of the scripted server have in common: a conversation is read, the next turn of one fixed piece
// of work is chosen, and it is written the way the API writes it.
// Invariant: the answer depends on the request alone, so that two runs of a program meet the same model.

/**
 * How the model behaves. ok: works and ends. failed: takes the request and breaks off. stall: writes the file, then never
 * answers again. hang: never answers at all. e401, e429, usage: the key, the rate and the plan's limit are refused.
 */
export const MODES = ["ok", "e401", "e429", "usage", "failed", "stall", "hang"] as const;
export type Mode = (typeof MODES)[number];

export interface Conversation {
	/** Names of the tools that the program offers; none when it only wants a title or a choice. */
	readonly tools: readonly string[];
	/** How many tool calls have been answered so far, by this run or an earlier one of the same session. */
	readonly results: number;
	/** Entries of the conversation, so that a resumed session can be told from a new one. */
	readonly length: number;
	readonly model: string;
	readonly streamed: boolean;
	/** The folder that the program says it works in; null when its request does not tell. */
	readonly folder: string | null;
}

export interface ToolCall {
	readonly name: string;
	readonly input: Readonly<Record<string, unknown>>;
	/** Its input is plain text, not an object. */
	readonly plain?: string;
}

export interface Turn {
	readonly thought?: string;
	readonly text?: string;
	readonly calls: readonly ToolCall[];
}

export type Reply =
	| { readonly status: number; readonly json: unknown; readonly headers?: Readonly<Record<string, string>> }
	/** Server-sent events: a name where the API has them, and the data. */
	| { readonly events: readonly (readonly [name: string | null, data: unknown])[] };

export type Json = Readonly<Record<string, unknown>>;

export interface ModelApi {
	readonly name: string;
	matches(path: string): boolean;
	read(body: Json, text: string): Conversation;
	/** The work, turn by turn, with the tools that the program has. The last turn calls none. */
	work(conversation: Conversation): readonly Turn[];
	/** What it answers where no tool is offered. */
	small(body: Json): Turn;
	write(turn: Turn, conversation: Conversation, path: string): Reply;
	/** `resetAt` is epoch seconds. */
	refuse(mode: "e401" | "e429" | "usage" | "failed", resetAt: number): Reply;
}

export const MADE = "made.txt";
export const MADE_TEXT = "made by the scripted model\n";
export const DONE = `Done: wrote ${MADE}`;

/** Where the programs say in which folder they work: each has its own words for it. */
const FOLDERS = [
	/<cwd>(\/[^<"\\]+)<\/cwd>/,
	/[Ww]orking directory: (\/[^\s"\\]+)/,
	/in the directory: (\/[^\s"\\]+)/,
	/\*\*Workspace Directories:\*\*(?:\\n|\s)+- (\/[^\s"\\]+)/,
];

export function folderIn(text: string): string | null {
	for (const pattern of FOLDERS) {
		const found = pattern.exec(text)?.[1];
		if (found !== undefined) return found;
	}
	return null;
}

/** The file as an absolute path where the folder is known. */
export function madeIn({ folder }: Conversation): string {
	return folder === null ? MADE : `${folder}/${MADE}`;
}

export function listIn(value: unknown): readonly Json[] {
	return Array.isArray(value)
		? value.filter((entry): entry is Json => typeof entry === "object" && entry !== null)
		: [];
}

export function textOf(value: unknown): string {
	return typeof value === "string" ? value : "";
}

export function countOf(text: string, pattern: RegExp): number {
	return [...text.matchAll(pattern)].length;
}
