// `msgcode task add`: a new task from flags, standard input or a Markdown file.
import { MsgcodeError } from "../../core/errors.ts";
import { addTask, adoptText } from "../../ledger/edit/add-task.ts";
import type { Definition } from "../../ledger/task/definition.ts";
import { definitionDefaults } from "../../ledger/task/definition.ts";
import { formatDocument } from "../../ledger/task/document.ts";
import { readTask } from "../../ledger/task/store.ts";
import { parseTaskFile } from "../../ledger/task/task-file.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";
import { approveOwn } from "../permission.ts";
import { keysFromFlags, promptFromFlags, readUserFile } from "../task-definition-flags.ts";

interface Options {
	readonly title?: string;
	readonly from?: string;
}

export async function run(context: CommandContext, args: readonly string[], options: Options): Promise<CommandResult> {
	const text = options.from === undefined ? null : readUserFile(context, options.from);
	const app = await openFor(context, "task add");
	const definition = text === null ? await definitionFrom(context, args, options) : null;
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
	await approveOwn(app, added.id, task.definition);
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
		next: task.definition.runner === undefined ? `msgcode task edit ${added.id}` : `msgcode task run ${added.id}`,
	};
}

async function definitionFrom(context: CommandContext, args: readonly string[], options: Options): Promise<Definition> {
	const title = args[0] ?? options.title;
	if (args[0] !== undefined && options.title !== undefined) {
		throw new MsgcodeError("usage", "The title was given twice.", { hint: "Give it as an operand or with --title." });
	}
	if (title === undefined || title.trim() === "") {
		throw new MsgcodeError("usage", "A task needs a title.", { hint: 'msgcode task add "What is to be done"' });
	}
	const flags = keysFromFlags(context, { ...options, title });
	const asked = await promptFromFlags(context, options as Readonly<Record<string, unknown>>);
	const piped = asked === undefined ? await context.io.stdin.readPiped() : "";
	const parsed = parseTaskFile(
		formatDocument({ ...definitionDefaults, extra: {}, ...flags } as unknown as Definition, asked ?? piped),
		"the new task",
	);
	return parsed.definition;
}
