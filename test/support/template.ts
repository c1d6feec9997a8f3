// A repository that is made once for a test file and copied for each of its tests: making one takes several commands.
import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll } from "vitest";
import { hermeticEnvironment, type Repo, repoAt, temporaryFolder } from "./repo.ts";

export interface Copy<T> {
	readonly made: Repo;
	/** What `make` gave beside the repository. */
	readonly kept: T;
}

interface Template<T> {
	readonly home: string;
	/** The checkout's folder below the home. */
	readonly folder: string;
	readonly kept: T;
}

/** Gives a copy of what `make` made, which is asked at the first call. To be called outside of tests. */
export function copies<T>(make: () => Promise<Copy<T>>, workspace = "."): () => Promise<Copy<T>> {
	let template: Template<T> | null = null;
	afterAll(() => {
		if (template !== null) rmSync(template.home, { recursive: true, force: true });
		template = null;
	});
	return async () => {
		template ??= await keep(await make());
		const home = temporaryFolder();
		copyHome(template.home, home, template.folder);
		const made = repoAt(join(home, template.folder), home, hermeticEnvironment(home), workspace);
		return { made, kept: template.kept };
	};
}

async function keep<T>({ made, kept }: Copy<T>): Promise<Template<T>> {
	const home = realpathSync(mkdtempSync(join(tmpdir(), "msgcode-template-")));
	const folder = relative(made.home, made.path);
	copyHome(made.home, home, folder);
	return { home, folder, kept };
}

/** Where the workspace is remembered, it is the copy's own. */
function copyHome(from: string, to: string, folder: string): void {
	cpSync(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
	const remembered = join(to, folder, ".git/msgcode/workspaces.json");
	if (existsSync(remembered)) writeFileSync(remembered, readFileSync(remembered, "utf8").replaceAll(from, to));
}
