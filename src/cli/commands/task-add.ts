// `msgcode task add`: a new task from flags, standard input or a Markdown file.
import type { App } from "../../app.ts";
import { MsgcodeError } from "../../core/errors.ts";
import { addTask, adoptText } from "../../ledger/edit/add-task.ts";
import type { Definition } from "../../ledger/task/definition.ts";
import { definitionDefaults } from "../../ledger/task/definition.ts";
import { parseFlagValue } from "../../ledger/task/definition-flags.ts";
import { editDocument, formatDocument } from "../../ledger/task/document.ts";
import { readTask } from "../../ledger/task/store.ts";
import { parseTaskFile } from "../../ledger/task/task-file.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";
import { approveOwn } from "../permission.ts";
import { keysFromFlags, promptFromFlags, readUserFile } from "../task-definition-flags.ts";
import { fromTemplate } from "../task-template.ts";

interface Options {
	readonly title?: string;
	readonly template?: string;
	readonly with?: readonly string[];
	readonly from?: string;
	readonly prompt?: string;
	readonly promptFile?: string;
}

const HELD = "What it would execute came with the template, so it waits for your approval.";

export async function run(context: CommandContext, args: readonly string[], options: Options): Promise<CommandResult> {
	const text = options.from === undefined ? null : adopted(context, options.from, args, options);
	const app = await openFor(context, "task add");
	const written = text === null ? await definitionFrom(context, app, args, options) : null;
	const definition = written?.definition ?? null;
	if (context.flags.dryRun) {
		const content = text ?? formatDocument(definition as Definition, (definition as Definition).prompt);
		const parsed = parseTaskFile(content, options.from ?? "the new task");
		const broken = parsed.diagnostics.find((diagnostic) => diagnostic.severity === "error");
		if (broken !== undefined) throw new MsgcodeError("task_invalid_spec", broken.message, { hint: broken.hint });
		return { kind: "task.add", data: { dryRun: true, title: parsed.definition.title, content }, human: () => content };
	}
	const added =
		definition === null
			? await adoptText(app.ledger, text as string, options.from as string)
			: await addTask(app.ledger, definition, definition.prompt, definition.route ?? null);
	const task = readTask(app.workspace.root, added.id);
	const held = written?.held === true;
	if (!held) await approveOwn(app, added.id, task.definition, undefined, { words: written?.foreign !== true });
	const data = {
		id: added.id,
		title: task.definition.title,
		status: "open",
		path: `tasks/${added.id}.md`,
		commit: added.commit,
	};
	return {
		kind: "task.add",
		data,
		human: (style) => `${style.bold(added.id)}  ${task.definition.title}\n`,
		plain: () => [[added.id, task.definition.title]],
		warnings: held ? [{ code: "task_held", message: HELD }] : [],
		next: held
			? `msgcode task show ${added.id}, then msgcode task approve ${added.id}`
			: task.definition.runner === undefined
				? `msgcode task edit ${added.id}`
				: `msgcode task run ${added.id}`,
	};
}

/** The file's text with the keys that flags name; everything else of it stays byte for byte. */
function adopted(context: CommandContext, from: string, args: readonly string[], options: Options): string {
	const other = (["template", "prompt", "promptFile"] as const).find((name) => options[name] !== undefined);
	if (other !== undefined) {
		const flag = `--${other.replace("F", "-f")}`;
		throw new MsgcodeError("usage", `--from and ${flag} exclude each other.`, { hint: "The file has the text." });
	}
	const text = readUserFile(context, from);
	const title = titleFrom(args, options);
	const { runner } = parseTaskFile(text, from).definition;
	const keys = keysFromFlags(context, title === undefined ? { ...options } : { ...options, title }, runner);
	return Object.keys(keys).length === 0 ? text : editDocument(text, keys);
}

function titleFrom(args: readonly string[], options: Options): string | undefined {
	if (args[0] !== undefined && options.title !== undefined) {
		throw new MsgcodeError("usage", "The title was given twice.", { hint: "Give it as an operand or with --title." });
	}
	return args[0] ?? options.title;
}

interface Written {
	readonly definition: Definition;
	/** What it would execute came with a template of the workspace, not from the user. */
	readonly held: boolean;
	readonly foreign: boolean;
}

async function definitionFrom(
	context: CommandContext,
	app: App,
	args: readonly string[],
	options: Options,
): Promise<Written> {
	const title = titleFrom(args, options);
	if (options.template === undefined && (title === undefined || title.trim() === "")) {
		throw new MsgcodeError("usage", "A task needs a title.", { hint: 'msgcode task add "What is to be done"' });
	}
	const asked = await promptFromFlags(context, options as Readonly<Record<string, unknown>>);
	const words = asked ?? (await context.io.stdin.readPiped());
	if (options.template === undefined) {
		return {
			definition: definitionOf(keysFromFlags(context, { ...options, title }), words),
			held: false,
			foreign: false,
		};
	}
	const values = options.with === undefined ? {} : parseFlagValue("with", options.with);
	const wish = { name: options.template, values: values as Record<string, string>, title, prompt: words };
	const { keys, prompt, held, foreign } = await fromTemplate(context, app.workspace.root, wish);
	const before = keys.runner as Readonly<Record<string, unknown>> | undefined;
	const flags = keysFromFlags(context, { ...options, title }, before, ["template", "with"]);
	return { definition: definitionOf({ ...keys, ...flags }, prompt), held, foreign };
}

/** As it will be read from the file that it becomes. */
function definitionOf(keys: Readonly<Record<string, unknown>>, prompt: string): Definition {
	const whole = { ...definitionDefaults, extra: {}, ...keys } as unknown as Definition;
	return parseTaskFile(formatDocument(whole, prompt), "the new task").definition;
}
