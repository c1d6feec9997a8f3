// Where templates are: in the workspace's tasks/templates/, and those that msgcode brings along.
// Invariant: the workspace's own goes before a shipped one of its name; nothing outside these two folders is read.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { MsgcodeError } from "../../core/errors.ts";
import { containedPath, readFileIfThere } from "../../core/files.ts";
import { shippedTemplates } from "../../core/program-files.ts";
import { LIMITS } from "../limits.ts";
import { parseTemplate, type Template } from "./template.ts";

export interface StoredTemplate {
	readonly template: Template;
	readonly origin: "workspace" | "shipped";
	/** Relative to the workspace; null for a shipped one. */
	readonly file: string | null;
}

export interface ListedTemplate {
	readonly name: string;
	readonly origin: StoredTemplate["origin"];
	/** Null where the template is not valid. */
	readonly template: Template | null;
	readonly problem: string | null;
}

const HOME = "tasks/templates";
const NAME = /^[A-Za-z0-9][\w.-]{0,99}$/;

/** Every template by name; a broken one is listed with its problem. */
export function listTemplates(root: string): ListedTemplate[] {
	const own = namesIn(join(root, HOME));
	const shipped = namesIn(shippedFolder()).filter((name) => !own.includes(name));
	const listed = [...own, ...shipped].sort().map((name): ListedTemplate => {
		const origin = own.includes(name) ? "workspace" : "shipped";
		try {
			return { name, origin, template: readTemplate(root, name).template, problem: null };
		} catch (error) {
			if (!(error instanceof MsgcodeError)) throw error;
			return { name, origin, template: null, problem: error.message };
		}
	});
	return listed;
}

/** Throws template_not_found, template_invalid. */
export function readTemplate(root: string, name: string): StoredTemplate {
	if (NAME.test(name)) {
		const file = `${HOME}/${name}.md`;
		const own = textOf(root, file);
		if (own !== null) return { template: parseTemplate(own, file, name), origin: "workspace", file };
		const shipped = textOf(shippedFolder(), `${name}.md`);
		if (shipped !== null) {
			return { template: parseTemplate(shipped, `${name}.md`, name), origin: "shipped", file: null };
		}
	}
	const names = listTemplates(root).map((listed) => listed.name);
	throw new MsgcodeError("template_not_found", `There is no template ${JSON.stringify(name)}.`, {
		hint: `Templates here: ${names.join(", ")}. Your own go to ${HOME}/<name>.md.`,
	});
}

function textOf(folder: string, file: string): string | null {
	if (!existsSync(join(folder, file))) return null;
	const bytes = readFileIfThere(containedPath(folder, file), { maxBytes: LIMITS.bodyBytes + LIMITS.frontMatterBytes });
	if (bytes === null) return null;
	try {
		return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
	} catch (cause) {
		throw new MsgcodeError("template_invalid", `${file} is not UTF-8 text.`, { cause });
	}
}

function namesIn(folder: string): string[] {
	try {
		return readdirSync(folder)
			.filter((name) => name.endsWith(".md") && NAME.test(name.slice(0, -3)))
			.map((name) => name.slice(0, -3));
	} catch {
		return []; // no such folder: no templates there
	}
}

function shippedFolder(): string {
	return join(shippedTemplates(), "tasks");
}
