// `msgcode template list`: every template by name, with what it is for.
import { listTemplates } from "../../ledger/template/template-store.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";
import { visible } from "../terminal-text.ts";

export async function run(context: CommandContext): Promise<CommandResult> {
	const app = await openFor(context, "template list");
	const templates = listTemplates(app.workspace.root);
	const data = templates.map(({ name, origin, template, problem }) => ({
		name,
		origin,
		about: template?.about ?? null,
		variables: template?.variables.map((variable) => variable.name) ?? [],
		problem,
	}));
	return {
		kind: "template.list",
		data,
		human: (style) =>
			data
				.map(({ name, origin, about, problem }) => {
					const where = origin === "shipped" ? "" : style.dim("  (tasks/templates)");
					const says = problem === null ? visible(about ?? "") : style.red(visible(problem));
					return `${style.bold(name.padEnd(10))}  ${says}${where}\n`;
				})
				.join(""),
		plain: () => data.map(({ name, origin, about, problem }) => [name, origin, about ?? problem]),
		exitCode: data.some(({ problem }) => problem !== null) ? 7 : 0,
		next: "msgcode template show bugfix",
	};
}
