// Reads objects and resolves names over one `git cat-file --batch` conversation, whatever the ref and object storage is.
// Invariant: answers come in the order of the questions; the process ends with close().
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import type { Socket } from "node:net";
import { MsgcodeError } from "../core/errors.ts";
import { spawnGit } from "./plumbing.ts";

export interface GitObject {
	readonly oid: string;
	readonly type: string;
	readonly content: Buffer;
}

export interface ObjectReader {
	/** The object that `name` stands for (an id, or any revision without a newline), or null when there is none. */
	read(name: string): Promise<GitObject | null>;
	/** True once the process is gone: another one has to be opened. */
	readonly ended: boolean;
	close(): void;
}

/** How often a conversation that ended early is begun anew: somebody killed git, which only reads. */
const MAX_RESTARTS = 10;

interface Question {
	readonly name: string;
	readonly resolve: (object: GitObject | null) => void;
	readonly reject: (error: Error) => void;
}

/** `places` are variables that tell git where objects are, on top of the environment. */
export function openObjectReader(
	env: Readonly<Record<string, string | undefined>>,
	cwd: string,
	places: Readonly<Record<string, string>> = {},
): ObjectReader {
	const questions: Question[] = [];
	let buffered: Buffer[] = [];
	let size = 0;
	let needed = 1;
	let stderr = "";
	let ended: Error | null = null;
	let restarts = 0;
	let closed = false;
	let child = converse();

	function take(): void {
		if (size < needed) return;
		let data = buffered.length === 1 ? (buffered[0] as Buffer) : Buffer.concat(buffered);
		while (questions.length > 0) {
			const answer = parseAnswer(data);
			if ("needed" in answer) {
				needed = answer.needed;
				break;
			}
			data = data.subarray(answer.length);
			needed = 1;
			(questions.shift() as Question).resolve(answer.object);
		}
		if (questions.length === 0) holdProcess(child, false);
		buffered = data.length > 0 ? [data] : [];
		size = data.length;
	}

	function fail(error: Error): void {
		ended ??= error;
		for (const question of questions.splice(0)) question.reject(ended);
	}

	function converse(): ChildProcessWithoutNullStreams {
		const git = spawnGit(env, cwd, ["cat-file", "--batch"], places);
		git.stdout.on("data", (chunk: Buffer) => {
			buffered.push(chunk);
			size += chunk.length;
			take();
		});
		git.stderr.on("data", (chunk: Buffer) => {
			stderr += chunk.toString("utf8");
		});
		git.stdin.on("error", () => {});
		git.on("error", (cause) => fail(new MsgcodeError("git_missing", `git could not be started in ${cwd}.`, { cause })));
		git.on("close", (_, signal) => endedEarly(signal));
		git.unref();
		holdProcess(git, false);
		return git;
	}

	function endedEarly(signal: NodeJS.Signals | null): void {
		if (closed || ended !== null || signal === null || restarts >= MAX_RESTARTS) {
			fail(
				new MsgcodeError("git_failed", `git cat-file ended early: ${stderr.trim() || (signal ?? "it said nothing")}`),
			);
			return;
		}
		restarts += 1;
		buffered = [];
		size = 0;
		needed = 1;
		child = converse();
		if (questions.length > 0) holdProcess(child, true);
		for (const { name } of questions) child.stdin.write(`${name}\n`);
	}

	return {
		get ended() {
			return ended !== null;
		},
		read(name) {
			if (ended !== null) return Promise.reject(ended);
			return new Promise((resolve, reject) => {
				questions.push({ name, resolve, reject });
				holdProcess(child, true);
				child.stdin.write(`${name}\n`);
			});
		},
		close() {
			closed = true;
			child.stdin.end();
			child.stdout.destroy();
		},
	};
}

/** Only a pending question keeps this process alive: a reader that was opened early and never asked does not. */
function holdProcess(child: ChildProcessWithoutNullStreams, hold: boolean): void {
	for (const stream of [child.stdin, child.stdout, child.stderr] as unknown as Socket[]) {
		if (hold) stream.ref();
		else stream.unref();
	}
}

type Answer = { readonly object: GitObject | null; readonly length: number } | { readonly needed: number };

function parseAnswer(data: Buffer): Answer {
	const lineEnd = data.indexOf(10);
	if (lineEnd < 0) return { needed: data.length + 1 };
	const header = data.toString("utf8", 0, lineEnd);
	const found = /^([0-9a-f]{40,64}) (\w+) (\d+)$/.exec(header);
	if (found === null) return { object: null, length: lineEnd + 1 };
	const contentLength = Number(found[3]);
	const total = lineEnd + 1 + contentLength + 1;
	if (data.length < total) return { needed: total };
	const content = Buffer.from(data.subarray(lineEnd + 1, lineEnd + 1 + contentLength));
	return { object: { oid: found[1] as string, type: found[2] as string, content }, length: total };
}
