// The words of a ledger commit: one subject line and the trailers that history is read by.
// Invariant: nothing that a user typed can add a line, and so a trailer, to the message.
export interface CommitMessage {
	/** What was done, for machines: "add", "edit", "run", "apply" … */
	readonly op: string;
	/** What changed, for people: one line. */
	readonly summary: string;
	readonly taskId?: string;
	readonly runId?: string;
	/** The commit that this one undoes, as a full id. */
	readonly undoes?: string;
}

/** What a subject begins with that a command has written. */
const SCOPE = /^(?:task\([^)]*\)|tasks): /;

export function hasScope(subject: string): boolean {
	return SCOPE.test(subject);
}

export function withoutScope(subject: string): string {
	return subject.replace(SCOPE, "");
}

const SUBJECT_LIMIT = 100;

/** The full message. `actor` is the name for Msgcode-Actor. */
export function formatMessage(message: CommitMessage, actor: string): string {
	const scope = message.taskId === undefined ? "tasks" : `task(${message.taskId})`;
	const trailers = [
		["Msgcode-Op", message.op],
		["Msgcode-Task", message.taskId],
		["Msgcode-Run", message.runId],
		["Msgcode-Undoes", message.undoes],
		["Msgcode-Actor", oneLine(actor)],
	];
	const lines = trailers.flatMap(([name, value]) => (value === undefined || value === "" ? [] : [`${name}: ${value}`]));
	return `${shorten(`${scope}: ${oneLine(message.summary)}`)}\n\n${lines.join("\n")}\n`;
}

function oneLine(text: string): string {
	return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
}

function shorten(text: string): string {
	const characters = [...text];
	return characters.length <= SUBJECT_LIMIT ? text : `${characters.slice(0, SUBJECT_LIMIT - 1).join("")}…`;
}

/** The message back from its text. Unknown parts are kept as the summary. */
export function parseMessage(text: string): CommitMessage {
	const trailer = (name: string) => new RegExp(`^Msgcode-${name}: (.+)$`, "m").exec(text)?.[1];
	const subject = text.split("\n", 1)[0] ?? "";
	const taskId = trailer("Task");
	const runId = trailer("Run");
	const undoes = trailer("Undoes");
	return {
		op: trailer("Op") ?? "unknown",
		summary: withoutScope(subject),
		...(taskId === undefined ? {} : { taskId }),
		...(runId === undefined ? {} : { runId }),
		...(undoes === undefined ? {} : { undoes }),
	};
}
