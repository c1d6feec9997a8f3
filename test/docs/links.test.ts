import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { documents, proseOf, readDocument, root } from "./documents.ts";

/** What a heading is called in a link, as GitHub makes it. */
function anchorsOf(text: string): ReadonlySet<string> {
	const headings = [...proseOf(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) => heading);
	const slugs = headings.map((heading) =>
		heading
			.toLowerCase()
			.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
			.replaceAll(" ", "-"),
	);
	return new Set(slugs);
}

describe.each(documents)("%s", (path) => {
	const text = readDocument(path);

	test("links lead to files and headings that exist", () => {
		const targets = [...proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
		const broken = targets
			.filter((target) => !/^https:\/\//.test(target))
			.filter((target) => {
				const [file = "", anchor] = target.split("#");
				const place = file === "" ? path : join(dirname(path), file);
				if (!existsSync(join(root, place))) return true;
				return anchor !== undefined && !anchorsOf(readDocument(place)).has(anchor);
			});
		expect(broken).toEqual([]);
	});

	test("files of the project that are named in passing exist", () => {
		const named = [...proseOf(text).matchAll(/`((?:src|test|docs|fixtures|templates)\/[\w./-]+)`/g)].map(
			([, name = ""]) => name,
		);
		expect(named.filter((name) => !existsSync(join(root, name)))).toEqual([]);
	});

	test("names no path, host or registry of one machine", () => {
		expect(text).not.toContain(root.replace(/\/$/, ""));
		expect(text).not.toMatch(/(?:^|[\s"'`(])\/(?:tmp|root|work|var\/folders|Users)\//m);
		if (homedir().length > 6) expect(text).not.toContain(homedir());
		expect(text).not.toMatch(/registry\.[\w-]+|artifactory|verdaccio|\b(?:10|192\.168|172\.16)\.\d+\.\d+/i);
	});
});
