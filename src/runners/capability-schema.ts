// The shape of a runner's record. Made only to check records that are not our own; the shipped ones are checked by a test.
// Invariant: docs/schemas is generated from here; an editor and this program accept the same files.

import * as z from "zod/mini";
import { ENVIRONMENT_PATTERN } from "../config/environment.ts";
import { execDeclarationSchema } from "../config/exec-declaration.ts";
import { once } from "../core/lazy.ts";

const shapes = once(() => {
	const text = z.string().check(z.minLength(1));
	const argv = z.array(text).check(z.minLength(1));
	const variable = z.string().check(z.regex(ENVIRONMENT_PATTERN));
	const milliseconds = z.nullable(z.int().check(z.minimum(1)));

	/** A program that has to be installed; versions are null where any will do or none was tried. */
	const binaryDependency = z.strictObject({ binary: text, minimum: z.nullable(text), tested: z.nullable(text) });
	/** A service that has to answer: where it is unless the variable says otherwise; null = nowhere unless told. */
	const serviceDependency = z.strictObject({ service: text, url: z.nullable(text), urlEnv: z.nullable(variable) });
	/** A variable that has to be set. */
	const variableDependency = z.strictObject({ env: variable });
	/** A model that has to be there, in words. */
	const modelDependency = z.strictObject({ model: text });

	const capability = z.strictObject({
		id: text,
		/** Of this record; counted up when its meaning changes. */
		version: z.int().check(z.minimum(1)),
		title: text,
		/** "agent": msgcode knows its stream and its rule of success. "exec": the declaration says all. */
		kind: z.enum(["shell", "exec", "agent"]),
		/** How an exec runner is called. */
		exec: z.optional(execDeclarationSchema()),
		deps: z.array(z.union([binaryDependency, serviceDependency, variableDependency, modelDependency])),
		/** "argv": the task's runner.args name the program that it starts, and have to be there. */
		inputs: z.array(text),
		outputs: z.array(text),
		sideEffects: z.array(z.enum(["read-only", "local-write", "message-send", "process-control"])),
		risk: z.strictObject({
			level: z.enum(["low", "medium", "high"]),
			writes: z.boolean(),
			network: z.boolean(),
			executesCode: z.boolean(),
		}),
		/** "approval": what it would execute must have been approved on this machine. "each-run": asked every time. */
		confirm: z.enum(["none", "approval", "each-run"]),
		/** What a run leaves behind for a reviewer. */
		evidence: z.array(text),
		isolation: text,
		/** How to find out what is there without doing anything; null = nothing to try. */
		probe: z.nullable(
			z.strictObject({
				/** A harmless argv that ends quickly with exit code 0. */
				argv: z.optional(argv),
				/**
				 * A regular expression whose one group is the version in what `argv` prints. What does not match it is another
				 * program of that name. Without it, exit code 0 is enough.
				 */
				version: z.optional(text),
				/** An argv that makes a real request and prints one JSON line: {"type":"probe","works":"yes"|"no"|"unknown", …}. */
				works: z.optional(argv),
			}),
		),
		/** How its login shows, as data; null = it needs none; left out = nothing is known of it. */
		auth: z.optional(
			z.nullable(
				z.strictObject({
					/** One of these variables that is set is a login. */
					env: z.array(variable),
					/** A file that is there and not empty is a login. `folder` is below the home folder, unless `folderEnv` is set. */
					files: z.array(z.strictObject({ folderEnv: z.nullable(variable), folder: text, file: text })),
					/** A harmless argv: exit code 0 = signed in. Asked where neither of the others says yes. */
					command: z.optional(argv),
					/** There is no other way to be signed in: without any of these the answer is no, not unknown. */
					complete: z.boolean(),
				}),
			),
		),
		/** What the program writes as its own outside the worktree, beside the folders of `auth`; `file` may be a folder too. */
		homes: z.optional(z.array(z.strictObject({ folderEnv: z.nullable(variable), folder: text, file: text }))),
		limits: z.strictObject({
			/** Longest prompt, bytes; null = none of its own. */
			promptBytes: z.nullable(z.int()),
			/** Longest line of output that is kept, bytes. */
			lineBytes: z.int(),
			/** How long it may be silent and change no file, unless settings or task say; null or left out = no limit of its own. */
			idleMs: z.optional(milliseconds),
			/** How long it may take to end after its last word; null or left out = the standard one. */
			graceMs: z.optional(milliseconds),
		}),
		/** What each permission becomes, in its own flags or words; null = it cannot be held to that. */
		permissions: z.optional(
			z.strictObject({ "read-only": z.nullable(text), edit: z.nullable(text), full: z.nullable(text) }),
		),
		/** Whether an interrupted run can go on in the program's own session. */
		resume: z.strictObject({ supported: z.boolean(), by: z.nullable(text) }),
		/** Settings and keys of a task's `runner` that it heeds beside `kind`. */
		configKeys: z.array(text),
		/** Commands of its own that a person may need: to sign in, to list models. */
		commands: z.optional(z.array(text)),
		fixHint: z.array(text).check(z.minLength(1)),
	});

	/** A user's own: only how it is called has to be told; of what is left out the worst is assumed. */
	const own = z.strictObject({
		...z.partial(capability).shape,
		kind: z.optional(z.literal("exec")),
		exec: execDeclarationSchema(),
		/** For editors. */
		$schema: z.optional(z.string()),
	});
	const shipped = z.strictObject({ schemaVersion: z.literal(1), capabilities: z.array(capability) });
	const older = z.looseObject({ modelRoot: z.optional(z.string()), runners: z.record(z.string(), z.unknown()) });
	const olderRunner = z.looseObject({
		kind: z.literal("exec"),
		command: text,
		args: z.optional(z.array(z.string())),
		cwd: z.optional(z.string()),
		timeoutMs: z.optional(z.number()),
	});
	return { capability, own, shipped, older, olderRunner };
});

export const capabilitySchema = () => shapes().capability;

/** `<config dir>/runners/<id>/capability.json`. */
export const userCapabilitySchema = () => shapes().own;

/** capabilities.json as a whole. */
export const capabilitiesSchema = () => shapes().shipped;

/** `<config dir>/runners.json`, and one runner in it. */
export const olderRunnersSchema = () => shapes().older;
export const olderRunnerSchema = () => shapes().olderRunner;

export type Capability = z.output<ReturnType<typeof capabilitySchema>>;
