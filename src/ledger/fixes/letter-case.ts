// `tsk_ABC….md`: a task's file under a name in another case, which no reader takes for a task.
// Invariant: only renamed where nothing stands under the right name, and what is in the file stays as it is.
import { readdirSync } from "node:fs";
import { rightTaskFileName } from "../paths.ts";
import type { Fix, FixKind, Undecided } from "./fix.ts";
import { plainContent } from "./task-files.ts";

export const letterCase: FixKind = {
	code: "letter_case",
	wrong: "a task file whose name is not in lower case, so that no list shows the task",
	mended: "it gets its name in lower case, where nothing has that name yet",
	async find({ ledger, view }) {
		const { root, tasksDir } = ledger.workspace;
		const names = readdirSync(tasksDir).sort();
		const fixes: Fix[] = [];
		const undecided: Undecided[] = [];
		for (const name of names) {
			const right = rightTaskFileName(name);
			if (right === null) continue;
			const [from, to] = [`tasks/${name}`, `tasks/${right}`];
			const content = plainContent(root, from);
			if (content === null) continue;
			const taskId = right.replace(/\.\w+$/, "");
			const twins = names.filter((other) => other !== name && other.toLowerCase() === right);
			if (twins.length > 0 || (await view.committed(to)) !== null) {
				const hint = "Compare the two, keep what is right in the one in lower case, and move the other away.";
				const message = `${from} is no task file, and ${twins.includes(right) ? `${to} is` : "others in its place are"} there as well.`;
				undecided.push({ taskId, file: from, message, fields: [], hint });
				continue;
			}
			fixes.push({
				taskId,
				file: from,
				message: `${from} is no task file: an id is in lower case.`,
				why: "Nothing stands under the right name, and the content moves as it is.",
				summary: `give ${name} its name in lower case`,
				writes: [
					{ path: to, seen: null, content },
					{ path: from, seen: content, content: null },
				],
			});
		}
		return { fixes, undecided };
	},
};
