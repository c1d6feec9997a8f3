// How far a run is, told from a list of todos.
import { expect, test } from "vitest";
import { progressOf } from "../../../src/engine/run/progress.ts";

const todos = (...states: unknown[]) => ({ todos: states.map((status) => ({ status })) });

test.each([
	[todos(), { done: 0, total: 0 }],
	[todos("todo", "doing"), { done: 0, total: 2 }],
	[todos("done", "doing", "canceled"), { done: 1, total: 2 }],
	[todos("done", "done"), { done: 2, total: 2 }],
	[todos("done", "strange", undefined), { done: 1, total: 3 }],
	[{ todos: [null, "x"] }, { done: 0, total: 2 }],
	[{ todos: "three" }, null],
	[{}, null],
])("%j is %j", (data, expected) => {
	expect(progressOf(data)).toEqual(expected);
});
