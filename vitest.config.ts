// Two projects: "unit" is everything beside its source file, "e2e" runs the built program in real processes.
import { defineConfig } from "vitest/config";

const shared = {
	globalSetup: ["test/support/built.ts"],
	setupFiles: ["test/support/clean-environment.ts"],
};

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
					exclude: ["test/e2e/**"],
					testTimeout: 20_000,
				},
			},
			{
				extends: true,
				test: {
					...shared,
					name: "e2e",
					include: ["test/e2e/**/*.test.ts"],
					testTimeout: 120_000,
					hookTimeout: 120_000,
				},
			},
		],
	},
});
