// Ends a test run with one plain line that a script can read: "N passed, N failed".
import type { Reporter, TestModule } from "vitest/node";

export default class ClosingLine implements Reporter {
	onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
		let passed = 0;
		// An exception outside every test, and a file that could not be read, count as a failure each.
		let failed = unhandled.length;
		for (const module of modules) {
			failed += module.errors().length;
			for (const test of module.children.allTests()) {
				const state = test.result().state;
				if (state === "passed") passed++;
				if (state === "failed") failed++;
			}
		}
		// Written at the very end, after the coverage summary.
		process.once("exit", () => console.log(`\n${passed} passed, ${failed} failed`));
	}
}
