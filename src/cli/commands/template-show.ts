// `msgcode template show`: one template's variables and text.
import { readTemplate } from "../../ledger/template/template-store.ts";
import type { CommandContext, CommandResult } from "../command.ts";
import { openFor } from "../open.ts";
import { visible } from "../terminal-text.ts";

export async function run(context: CommandContext, args: readonly string[]): Promise<CommandResult> {
	const app = await openFor(context, "template show");
	const { template, origin, file } = readTemplate(app.workspace.root, args[0] as string);
	const required = template.variables.filter(({ fallback }) => fallback === null);
	const values = required.map(({ name }) => ` --with ${name}='…'`).join("");
	return {
		kind: "template.show",
		data: { ...template, origin, file },
		human(style) {
			const head = `${style.bold(template.name)}  ${visible(template.about)}\n`;
			const variables = template.variables.map(({ name, about, fallback }) => {
				const value =
					fallback === null ? style.yellow("required") : style.dim(`default: ${visible(fallback) || "none"}`);
				return `  ${style.bold(name)}  ${visible(about)}  ${value}\n`;
			});
			const body = template.body
				.trimEnd()
				.split("\n")
				.map((line) => `${visible(line)}\n`);
			return `${head}${variables.join("")}\n${body.join("")}`;
		},
		next: `msgcode task add 'What is to be done' --template ${template.name}${values}`,
	};
}
