// A repository in which a user has work lying about in every state that git knows, with settings and hooks that get in the
// way of every tool, and the one definition of "the user's work is as it was".
import { createHash } from "node:crypto";
import { chmodSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { isLedgerPath } from "../../src/ledger/paths.ts";
import { type Repo, type RepoOptions, repo } from "./repo.ts";
import { shell } from "./shell.ts";

export const ODD_NAME = 'odd "name" it\'s\nnew line \t漢字 é.txt';

const COMMITTED: Readonly<Record<string, string>> = {
	".gitignore": "*.log\nbuild/\n",
	".gitattributes": "crlf.txt -text\n",
	"assumed.txt": "assumed\n",
	"clean.txt": "clean\n",
	"crlf.txt": "one\r\ntwo\r\n",
	"dirty.txt": "dirty\n",
	"partly.txt": "one\ntwo\nthree\n",
	"racy.txt": "aaaa\n",
	"removed.txt": "removed\n",
	"skipped.txt": "skipped\n",
	"staged.txt": "staged\n",
	"sub/deep/file.txt": "deep\n",
	"tasks/code.txt": "the user's own file in tasks/\n",
	[ODD_NAME]: "odd\n",
};

/** Settings that change what git prints or runs: none of them may matter to a tool that reads git's output. */
const SETTINGS: Readonly<Record<string, string>> = {
	"commit.gpgsign": "true",
	"tag.gpgsign": "true",
	"log.showSignature": "true",
	"merge.verifySignatures": "true",
	"core.autocrlf": "input",
	"core.quotePath": "true",
	"core.abbrev": "5",
	"core.untrackedCache": "true",
	"core.pager": "touch ../mark-pager; cat",
	"core.editor": "touch ../mark-editor; false",
	"sequence.editor": "touch ../mark-editor; false",
	"diff.noprefix": "true",
	"diff.mnemonicPrefix": "true",
	"diff.external": "../programs/external-diff",
	"diff.renames": "copies",
	"diff.submodule": "log",
	"diff.wordRegex": ".",
	"diff.interHunkContext": "3",
	"diff.context": "0",
	"diff.ignoreSubmodules": "all",
	"diff.orderFile": "../programs/order",
	"color.ui": "always",
	"column.ui": "always",
	"status.showUntrackedFiles": "no",
	"status.relativePaths": "false",
	"status.short": "true",
	"status.branch": "true",
	"log.decorate": "full",
	"log.follow": "true",
	"log.date": "relative",
	"format.pretty": "oneline",
	"apply.whitespace": "error-all",
	"core.whitespace": "trailing-space,space-before-tab,tab-in-indent",
	"merge.conflictStyle": "diff3",
	"merge.ff": "only",
	"merge.renames": "false",
	"submodule.recurse": "true",
	"checkout.defaultRemote": "nowhere",
	"worktree.guessRemote": "true",
	"branch.autoSetupMerge": "always",
	"branch.autoSetupRebase": "always",
	"push.default": "nothing",
	"gc.auto": "1",
	"alias.status": "!touch ../mark-alias",
	"i18n.logOutputEncoding": "ISO-8859-1",
};

const HOOKS = [
	"applypatch-msg",
	"commit-msg",
	"fsmonitor-watchman",
	"post-applypatch",
	"post-checkout",
	"post-commit",
	"post-index-change",
	"post-merge",
	"post-rewrite",
	"pre-applypatch",
	"pre-auto-gc",
	"pre-commit",
	"pre-merge-commit",
	"pre-push",
	"pre-rebase",
	"prepare-commit-msg",
	"push-to-checkout",
	"reference-transaction",
	"update",
];

export interface UserWorkOptions extends RepoOptions {
	/** Where the marking hooks lie: git's own folder, or one that core.hooksPath names. */
	readonly hooks: "git" | "path";
	readonly indexVersion?: 2 | 4;
}

/** The repository with its ledger, and then the user's work, settings, programs and hooks in it. */
export async function userWork(options: UserWorkOptions): Promise<Repo> {
	const made = await repo({ ledger: true, ...options, files: { ...COMMITTED, ...options.files } });
	made.git("update-index", `--index-version=${options.indexVersion ?? 2}`);
	plantWork(made);
	plantPrograms(made);
	plantHooks(made, options.hooks);
	for (const [key, value] of Object.entries(SETTINGS)) made.git("config", key, value);
	made.git("config", "core.fsmonitor", join(made.home, "programs", "fsmonitor"));
	made.git("config", "gpg.program", join(made.home, "programs", "gpg"));
	clearMarks(made);
	return made;
}

function plantWork(made: Repo): void {
	made.writeAll({
		"staged.txt": "staged, changed\n",
		"added.txt": "added\n",
		"partly.txt": "one, staged\ntwo\nthree\n",
		"tasks/added.txt": "the user's own, staged in tasks/\n",
		[`new ${ODD_NAME}`]: "new\n",
	});
	made.git("add", "staged.txt", "added.txt", "partly.txt", "tasks/added.txt", `new ${ODD_NAME}`);
	made.git("rm", "--quiet", "removed.txt");
	made.git("mv", "sub/deep/file.txt", "sub/deep/renamed.txt");
	made.git("update-index", "--chmod=+x", "clean.txt");
	chmodSync(join(made.path, "clean.txt"), 0o755);
	made.writeAll({
		"dirty.txt": "dirty, changed\n",
		"partly.txt": "one, staged\ntwo\nthree, not staged\n",
		[ODD_NAME]: "odd, changed\n",
		"untracked.txt": "untracked\n",
		"untracked folder/x": "untracked\n",
		"tasks/note.txt": "untracked in tasks/\n",
		"debug.log": "ignored\n",
		"build/out.bin": "ignored\n",
		"intent.txt": "announced\n",
		"a link": { link: "../nowhere" },
	});
	made.git("add", "--intent-to-add", "intent.txt");
	made.git("update-index", "--assume-unchanged", "assumed.txt");
	made.write("assumed.txt", "assumed, changed unseen\n");
	made.git("update-index", "--skip-worktree", "skipped.txt");
	rmSync(join(made.path, "skipped.txt"));
	made.git("stash", "store", "-m", "the user's stash", made.git("rev-parse", "HEAD"));
	// Staged and edited again in one second, with the same size: git knows of the edit only by the index's own time.
	const second = new Date(Math.floor(Date.now() / 1000) * 1000);
	made.git("config", "core.trustctime", "false");
	made.write("racy.txt", "bbbb\n");
	utimesSync(join(made.path, "racy.txt"), second, second);
	made.git("add", "racy.txt");
	made.write("racy.txt", "cccc\n");
	utimesSync(join(made.path, "racy.txt"), second, second);
	utimesSync(join(made.path, ".git", "index"), second, second);
}

function plantPrograms(made: Repo): void {
	const mark = (name: string) => `touch "${join(made.home, `mark-${name}`)}"`;
	made.writeAll({
		"../programs/fsmonitor": { executable: `#!/bin/sh\n${mark("fsmonitor")}\nprintf '0\\0'\n` },
		"../programs/gpg": { executable: `#!/bin/sh\n${mark("gpg")}\necho 'no secret key' >&2\nexit 2\n` },
		"../programs/external-diff": { executable: `#!/bin/sh\n${mark("external-diff")}\necho forged\n` },
		"../programs/order": "*.zzz\n",
	});
}

function plantHooks(made: Repo, where: UserWorkOptions["hooks"]): void {
	const folder = where === "git" ? ".git/hooks" : "../hooks";
	for (const name of HOOKS) {
		const script = `#!/bin/sh\ntouch "${join(made.home, "mark-hook-")}${name}"\nexit 1\n`;
		made.write(`${folder}/${name}`, { executable: script });
	}
	if (where === "path") made.git("config", "core.hooksPath", join(made.home, "hooks"));
}

/** What the user's hooks and programs left when somebody ran them. */
export function marksOf(made: Repo): string[] {
	return readdirSync(made.home).filter((name) => name.startsWith("mark-"));
}

export function clearMarks(made: Repo): void {
	for (const name of marksOf(made)) rmSync(join(made.home, name));
}

/** git as the user's settings would not have it: nothing of it writes to the index or runs one of their programs. */
export function quietGit(made: Repo, ...args: string[]): string {
	const neutral = ["core.fsmonitor=false", "core.hooksPath=/dev/null", "color.ui=never", "log.showSignature=false"];
	const settings = [...neutral, "core.pager=cat", "column.ui=never"].flatMap((setting) => ["-c", setting]);
	const words = ["git", ...settings, ...args].map(quoted);
	return shell(made, `exec ${words.join(" ")}`, { GIT_OPTIONAL_LOCKS: "0" });
}

function quoted(text: string): string {
	return `'${text.replaceAll("'", "'\\''")}'`;
}

export interface UserWork {
	/** Index entries by path, with all of their stat data and flags. */
	readonly index: Readonly<Record<string, string>>;
	/** Files by path: kind, mode, size, times and content. */
	readonly files: Readonly<Record<string, string>>;
	readonly refs: string;
	readonly config: string;
	readonly branch: string;
}

/** The user's work as it is now; `landed` paths are those that a landing was asked to change. */
export function userWorkOf(made: Repo, landed: readonly string[] = []): UserWork {
	const isOurs = (path: string) =>
		isLedgerPath(path) || path.startsWith("worktrees/") || path === ".git" || landed.includes(path);
	return {
		index: Object.fromEntries(indexEntries(made).filter(([path]) => !isOurs(path))),
		files: Object.fromEntries(filesBelow(made.path, "", isOurs)),
		refs: quietGit(made, "for-each-ref", "--format=%(objectname) %(refname)")
			.split("\n")
			.filter((line) => !/refs\/(msgcode\/|heads\/main$|heads\/msgcode\/)/.test(line))
			.join("\n"),
		config: readFileSync(join(made.path, ".git", "config"), "utf8"),
		branch: readFileSync(join(made.path, ".git", "HEAD"), "utf8"),
	};
}

function indexEntries(made: Repo): [string, string][] {
	const tagged = new Map(
		quietGit(made, "ls-files", "-v", "-z")
			.split("\0")
			.filter((line) => line !== "")
			.map((line) => [line.slice(2), line.slice(0, 1)]),
	);
	const blocks = quietGit(made, "ls-files", "--stage", "--debug", "-z").split(/(?=^\d{6} [0-9a-f]{40} \d\t)/m);
	return blocks
		.filter((block) => block !== "")
		.map((block) => {
			const path = block.slice(block.indexOf("\t") + 1, block.indexOf("\0"));
			return [path, `${tagged.get(path)} ${block}`];
		});
}

function filesBelow(root: string, folder: string, isOurs: (path: string) => boolean): [string, string][] {
	return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry): [string, string][] => {
		const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
		if (isOurs(path) || isOurs(`${path}/`)) return [];
		const absolute = join(root, path);
		if (entry.isDirectory()) return filesBelow(root, path, isOurs);
		const stat = lstatSync(absolute, { bigint: true });
		const content = entry.isSymbolicLink() ? readlinkSync(absolute) : readFileSync(absolute);
		const sum = createHash("sha256").update(content).digest("hex");
		return [[path, `${stat.mode.toString(8)} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs} ${sum}`]];
	});
}
