// Disks that are small, full or read-only, where this machine lets a test make them.
import { execFileSync } from "node:child_process";
import { closeSync, fsyncSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Mounts a file system of so many KiB at `folder`; false where that is not permitted. It goes when the test ends. */
export function smallDisk(folder: string, kibibytes: number): boolean {
	mkdirSync(folder, { recursive: true });
	return mounted(["-t", "tmpfs", "-o", `size=${kibibytes}k`, "tmpfs", folder], folder);
}

/** Makes the folder read-only even for root, until the returned function is called; null where that is not permitted. */
export function readOnly(folder: string): (() => void) | null {
	if (!mounted(["--bind", folder, folder], folder)) return null;
	const isReadOnly = succeeds("mount", ["-o", "remount,bind,ro", folder]);
	// Lazily: a git that has just ended may still be in there.
	const undo = () => void succeeds("umount", ["--lazy", folder]);
	if (!isReadOnly) undo();
	return isReadOnly ? undo : null;
}

/** Leaves so many bytes free on the disk that holds `folder`; gives what makes room again. */
export function fill(folder: string, leaveBytes: number): () => void {
	const path = join(folder, "filler");
	const file = openSync(path, "w");
	const block = Buffer.alloc(4096);
	try {
		for (;;) {
			const { bavail, bsize } = statfsSync(folder);
			if (bavail * bsize <= leaveBytes) break;
			writeSync(file, block);
		}
		fsyncSync(file);
	} finally {
		closeSync(file);
	}
	return () => rmSync(path, { force: true });
}

function mounted(args: readonly string[], folder: string): boolean {
	if (process.platform !== "linux" || !succeeds("mount", args)) return false;
	onTestFinished(() => {
		// Lazily: a test that failed may have left a process in there.
		while (succeeds("mountpoint", ["-q", folder]) && succeeds("umount", ["--lazy", folder]));
	});
	return true;
}

function succeeds(program: string, args: readonly string[]): boolean {
	try {
		execFileSync(program, [...args], { stdio: "ignore" });
		return true;
	} catch {
		return false;
	}
}
