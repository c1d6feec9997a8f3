// Three-way merge of text as git does it, on files of its own that are gone afterwards.
// Invariant: no repository takes part; what git cannot merge as text is a conflict that keeps our side.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryName } from "../../core/temporary-files.ts";
import type { Git } from "../../git/plumbing.ts";
import type { MergeText } from "./merge-sides.ts";

export interface MergePlace {
	readonly git: Git;
	/** Where the temporary files may lie. */
	readonly folder: string;
	/** latin1 carries bytes through that are not UTF-8. */
	readonly encoding?: "utf8" | "latin1";
}

export function gitMergeText({ git, folder, encoding = "utf8" }: MergePlace): MergeText {
	return async ({ base, ours, theirs, markerSize = 7, labels = { ours: "ours", theirs: "theirs" } }) => {
		const place = join(folder, temporaryName());
		mkdirSync(place, { mode: 0o700 });
		try {
			const files = { ours, base: base ?? "", theirs };
			for (const [name, text] of Object.entries(files)) writeFileSync(join(place, name), text, encoding);
			const named = [labels.ours, "base", labels.theirs].flatMap((label) => ["-L", label]);
			const args = ["merge-file", "-p", `--marker-size=${markerSize}`, ...named, ...Object.keys(files)];
			// merge-file answers with the number of conflicts, 255 for an error.
			const accept = Array.from({ length: 128 }, (_, code) => code);
			const binary = [ours, base ?? "", theirs].some((text) => text.includes("\0"));
			const { code, stdout } = await git(args, { cwd: place, accept: binary ? [...accept, 255] : accept });
			return code === 255 ? { text: ours, clean: false } : { text: stdout.toString(encoding), clean: code === 0 };
		} finally {
			rmSync(place, { recursive: true, force: true });
		}
	};
}
