// A remote that takes no push to main, and a ledger that lives on a branch of its own: the whole way of docs/reviewing.md.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { addTask, succeed, twoClones } from "../support/two-clones.ts";

const HOOK = '#!/bin/sh\nwhile read old new ref; do [ "$ref" != refs/heads/main ] || exit 1; done\n';
const RUNNER = ["--runner", "shell", "--", "sh", "-c", "echo four >>src/code.txt"];

test("two people work on the ledger's branch; it is merged by request, and comes back", async () => {
	const { ann, bob, origin, originGit } = await twoClones();
	writeFileSync(join(origin, "hooks/pre-receive"), HOOK, { mode: 0o755 });
	const id = await addTask(ann, "Mend it", ...RUNNER);
	const refused = await ann.msgcode("sync", "--json");
	expect([refused.exitCode, refused.json().error.code]).toEqual([4, "sync_refused"]);
	expect(refused.json().error.hint).toContain("branch of its own");

	ann.git("switch", "--quiet", "-c", "ledger");
	ann.git("push", "--quiet", "-u", "origin", "ledger");
	ann.git("branch", "--quiet", "--force", "main", "origin/main");
	bob.git("fetch", "--quiet");
	bob.git("switch", "--quiet", "ledger");
	await succeed(ann, "task", "run", id);
	const other = await addTask(bob, "Of Bob");
	await succeed(bob, "sync");
	expect((await succeed(ann, "sync")).data).toMatchObject({ branch: "ledger", action: "replay" });
	await succeed(ann, "task", "apply", id, "--yes");
	expect((await succeed(ann, "sync")).data).toMatchObject({ action: "push", pushed: 1 });

	// The forge merges the request, and somebody else's code lands on main as well.
	const tree = originGit("rev-parse", "ledger^{tree}");
	const env = ["-c", "user.name=Forge", "-c", "user.email=forge@example.com"];
	const merge = originGit(...env, "commit-tree", tree, "-p", "main", "-p", "ledger", "-m", "merge ledger");
	originGit("update-ref", "refs/heads/main", merge);
	bob.git("switch", "--quiet", "main");
	bob.git("pull", "--quiet");
	bob.write("src/more.txt", "more\n");
	const more = bob.commitAll("more code");
	bob.git("push", "--quiet", "origin", "HEAD:refs/heads/arrives");
	originGit("update-ref", "refs/heads/main", more);

	ann.git("pull", "--quiet", "--no-rebase", "origin", "main");
	ann.git("push", "--quiet");
	expect((await succeed(ann, "sync")).data.action).toBe("up-to-date");
	await succeed(ann, "task", "close", id);
	await succeed(ann, "sync");
	bob.git("switch", "--quiet", "ledger");
	expect((await succeed(bob, "sync")).data.action).toBe("fast-forward");
	expect((await succeed(bob, "task", "show", id)).data.status).toBe("done");
	expect((await succeed(bob, "task", "show", other)).data.title).toBe("Of Bob");
	expect(bob.read("src/code.txt")).toBe("one\ntwo\nthree\nfour\n");
	expect(bob.read("src/more.txt")).toBe("more\n");
});

test("code alone goes to main by plain git, and the branch of the request holds no file of the ledger", async () => {
	const { ann } = await twoClones();
	ann.git("switch", "--quiet", "-c", "ledger");
	ann.git("push", "--quiet", "-u", "origin", "ledger");
	const id = await addTask(ann, "Mend it", ...RUNNER);
	const { patch } = (await succeed(ann, "task", "run", id)).data;
	const text = ann.gitBytes("show", `ledger:${patch.path}`);
	ann.git("switch", "--quiet", "-c", "code", "origin/main");
	writeFileSync(join(ann.home, "patch"), text);
	ann.git("apply", "--index", join(ann.home, "patch"));
	ann.git("commit", "--quiet", "-m", "four");
	expect(ann.git("diff", "--name-only", "origin/main", "HEAD")).toBe("src/code.txt");
	ann.git("switch", "--quiet", "ledger");
	await succeed(ann, "task", "close", id, "--reason", "merged as code");
	expect((await succeed(ann, "sync")).data).toMatchObject({ branch: "ledger", action: "push", pushed: 3 });
});
