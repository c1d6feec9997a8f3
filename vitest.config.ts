// Two projects: "unit" stays under a minute; "e2e" runs the built program, or whole commands against real repositories.
import { defineConfig } from "vitest/config";

const shared = {
	globalSetup: ["test/support/built.ts"],
	setupFiles: ["test/support/clean-environment.ts"],
};

/** Beside test/e2e: tests of one source file that need many repositories, clones or runs. */
const wholeCommands = [
	"test/contract/**/*.test.ts",
	"test/demo/**/*.test.ts",
	"test/engine/**/*.test.ts",
	"test/docs/{runnable,writing-a-runner}.test.ts",
	"test/cli/{backup,export,runner-flags,template}.test.ts",
	"test/ledger/sync/sync-{archive,refs,shapes}.test.ts",
	"test/cli/{doctor,preflight,prime,run-commands,runner-commands}.test.ts",
	"test/ledger/fixes/**/*.test.ts",
	"test/ledger/**/{history-walk,history-commands,history-fields,change-status,commit-edits,edit-task,history,pending,recovery,removed-files,sync,transaction}.test.ts",
];

export default defineConfig({
	test: {
		pool: "forks",
		maxWorkers: 2,
		reporters: ["default", "./test/support/closing-line.ts"],
		coverage: {
			provider: "v8",
			include: ["src/**/*.ts"],
			exclude: ["src/main.ts"],
			reporter: ["text-summary", "json-summary", "html"],
			thresholds: { lines: 90 },
		},
		projects: [
			{
				extends: true,
				test: {
					...shared,
					name: "unit",
					include: ["test/**/*.test.ts"],
					exclude: ["test/e2e/**", ...wholeCommands],
					testTimeout: 20_000,
				},
			},
			{
				extends: true,
				test: {
					...shared,
					name: "e2e",
					include: ["test/e2e/**/*.test.ts", ...wholeCommands],
					testTimeout: 120_000,
					hookTimeout: 120_000,
				},
			},
		],
	},
});
