// What undo and rollback have in common when a definition comes back from history: what may be executed then, and the words.
import type { App } from "../app.ts";
import { approveBroughtBack, type Permission } from "../engine/permission/permission.ts";
import { taskHome } from "../ledger/archive/archive-places.ts";
import { readTask } from "../ledger/task/store.ts";
import type { RewrittenTask } from "../ledger/undo/task-rewrite.ts";
import { changeText } from "./change-text.ts";
import type { Style } from "./color.ts";
import type { Notice } from "./command.ts";
import { permissionFor } from "./permission.ts";
import { visible } from "./terminal-text.ts";

/** How the tasks whose definition changes stand now, to be asked for before the change is made. */
export async function permissionsBefore(app: App, tasks: readonly RewrittenTask[]): Promise<Map<string, Permission>> {
	const permissions = new Map<string, Permission>();
	for (const { id, definition } of tasks) {
		if (definition === null || taskHome(app.workspace.root, id) === null) continue;
		permissions.set(id, await permissionFor(app, id, readTask(app.workspace.root, id).definition, false));
	}
	return permissions;
}

/** Approves what this user had approved before and nothing else; a notice for each task that is held now. */
export async function settleApprovals(app: App, before: ReadonlyMap<string, Permission>): Promise<Notice[]> {
	const notices: Notice[] = [];
	for (const [id, former] of before) {
		const { definition } = readTask(app.workspace.root, id);
		const executes =
			definition.runner !== undefined || definition.checks.length > 0 || definition.schedule !== undefined;
		approveBroughtBack(app.ledger, id, former, await permissionFor(app, id, definition, false));
		if (!executes || (await permissionFor(app, id, definition, false)).approved) continue;
		notices.push({
			code: "held",
			message: `${id} is held: what it would execute now was not approved on this machine.`,
			hint: `msgcode task approve ${id}`,
		});
	}
	return notices;
}

/** The tasks with the fields that change, each on a line. */
export function taskLines(tasks: readonly RewrittenTask[], style: Style): string {
	return tasks
		.map(({ id, title, changes }) => {
			const lines = changes.map((change) => `    ${changeText(change, style)}\n`).join("");
			return `${style.bold(id)}  ${visible(title)}\n${lines}`;
		})
		.join("");
}

/** For the JSON: a task without its new text. */
export function taskData({ id, title, changes }: RewrittenTask): object {
	return { id, title, changes };
}
