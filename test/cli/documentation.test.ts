import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { renderDocumentation } from "../../src/cli/documentation.ts";
import { nouns } from "../../src/cli/nouns.ts";
import { errorTable } from "../../src/core/errors.ts";

const file = fileURLToPath(new URL("../../docs/cli.md", import.meta.url));

test("docs/cli.md is what the declarations say (UPDATE_DOCS=1 rewrites it)", async () => {
	const expected = await renderDocumentation(nouns);
	if (process.env.UPDATE_DOCS === "1") writeFileSync(file, expected);
	expect(readFileSync(file, "utf8")).toBe(expected);
});

test("every error code is documented with its exit code and meaning", async () => {
	const text = await renderDocumentation(nouns);
	for (const [code, row] of Object.entries(errorTable)) {
		expect(text).toContain(`| \`${code}\` | ${row.exit} | ${row.means.replaceAll("|", "\\|")} |`);
	}
});
