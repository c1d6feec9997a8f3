// What the README says of settings, and security.md of the environment, is what the code has.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { environmentNames, RUNNER_ALLOW_LIST } from "../../src/config/environment.ts";
import { execDeclarationSchema } from "../../src/config/exec-declaration.ts";
import { defaultSettings, loadSettings } from "../../src/config/settings.ts";
import { settingsShape } from "../../src/config/settings-schema.ts";
import { formatDuration } from "../../src/core/clock.ts";
import { createRegistry } from "../../src/runners/registry.ts";
import { fencesOf, readDocument } from "./documents.ts";

const readme = readDocument("README.md");

function shownDefault(value: unknown): string {
	if (value === null || JSON.stringify(value) === "[]") return "none";
	return `\`${typeof value === "number" ? formatDuration(value) : value}\``;
}

test("the README's table has every setting with its default, and no other", () => {
	const rows = [...readme.matchAll(/^\| `([a-z]+\.[a-z_<>]+)` \| (.*?) \|/gm)].map(([, key, value]) => [key, value]);
	const settings = Object.entries(settingsShape).flatMap(([section, keys]) =>
		Object.keys(keys).map((key) => {
			const defaults = defaultSettings as unknown as Record<string, Record<string, unknown>>;
			return [`${section}.${key}`, shownDefault(defaults[section]?.[key])];
		}),
	);
	expect(rows.filter(([key]) => key !== "runners.<id>")).toEqual(settings);
});

test("the README's row of runners names every key of a declaration", () => {
	const row = readme.split("\n").find((line) => line.startsWith("| `runners.<id>`")) ?? "";
	const named = [...row.matchAll(/`(\w+)`/g)].map(([, key]) => key).sort();
	expect(named).toEqual(Object.keys(execDeclarationSchema().shape).sort());
});

test("the README's msgcode.toml is valid and gives the runner that it declares", async () => {
	const blocks = fencesOf(readme).filter(({ language }) => language === "toml");
	expect(blocks).toHaveLength(1);
	const folder = mkdtempSync(join(tmpdir(), "msgcode-docs-"));
	onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
	writeFileSync(join(folder, "msgcode.toml"), blocks[0]?.text ?? "");
	const { settings, warnings } = await loadSettings(folder, {});
	expect(warnings).toEqual([]);
	expect(createRegistry(undefined, settings.runners).get(settings.runner.default ?? "").kind).toBe("my-agent");
});

test("security.md names what every runner may see, and what it is told", () => {
	const text = readDocument("docs/security.md");
	for (const name of RUNNER_ALLOW_LIST) expect(text).toContain(`\`${name}\``);
	for (const [name, { setBy }] of Object.entries(environmentNames)) {
		if (setBy === "run") expect(text).toContain(`\`${name}\``);
	}
});
