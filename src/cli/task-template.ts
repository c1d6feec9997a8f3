// `task add --template`: the template's task with the variables of --with; on a terminal those that are missing are asked for.
import { MsgcodeError } from "../core/errors.ts";
import { executes, expandTemplate, missingVariables, type Template } from "../ledger/template/template.ts";
import { readTemplate } from "../ledger/template/template-store.ts";
import { agents } from "../runners/agents/agents.ts";
import type { CommandContext } from "./command.ts";

export interface FromTemplate {
	/** Values of the definition's keys, `template` and `with` among them; flags of the command line go before them. */
	readonly keys: Readonly<Record<string, unknown>>;
	readonly prompt: string;
	/** It brings a command that somebody else may have written: the user has to look at it before it counts as theirs. */
	readonly held: boolean;
	/** Its words are somebody else's: no agent is given them unseen before the user approves them. */
	readonly foreign: boolean;
}

export interface TemplateWish {
	readonly name: string;
	readonly values: Readonly<Record<string, string>>;
	readonly title: string | undefined;
	readonly prompt: string;
}

export async function fromTemplate(context: CommandContext, root: string, wish: TemplateWish): Promise<FromTemplate> {
	const { template, origin } = readTemplate(root, wish.name);
	const values = { ...wish.values, ...(await askForMissing(context, template, wish.values)) };
	if (wish.title === undefined && usesTitle(template)) {
		throw new MsgcodeError("usage", `The template ${wish.name} leaves the title to you.`, {
			hint: `msgcode task add 'What is to be done' --template ${wish.name}`,
		});
	}
	const { keys, prompt } = expandTemplate(template, { ...values, title: wish.title, prompt: wish.prompt });
	const named = { template: wish.name, ...(Object.keys(values).length === 0 ? {} : { with: values }) };
	return {
		keys: { ...keys, ...(wish.title === undefined ? {} : { title: wish.title }), ...named },
		prompt,
		held: origin === "workspace" && executes(template, Object.keys(agents)),
		foreign: origin === "workspace",
	};
}

function usesTitle({ keys }: Template): boolean {
	return typeof keys.title !== "string" || keys.title.includes("{{title}}");
}

async function askForMissing(
	context: CommandContext,
	template: Template,
	given: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
	if (!context.interactive) return {};
	const answers: Record<string, string> = {};
	for (const { name, about } of missingVariables(template, given)) {
		const answer = (await context.io.ask(`${about === "" ? name : `${name}: ${about}`}\n> `)).trim();
		if (answer !== "") answers[name] = answer;
	}
	return answers;
}
