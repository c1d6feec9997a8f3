// Puts a file that another program wrote under its final name.
// Invariant: the name leads to a whole, fsynced file or to what it led to before; without `replace` nothing loses its name.
import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { fileError, MsgcodeError } from "./errors.ts";
import { syncFolder } from "./files.ts";

/** `written` is on the same file system. False where the name is taken and `replace` is not given. */
export function placeFile(written: string, path: string, replace: boolean): boolean {
	try {
		const handle = openSync(written, "r");
		try {
			fsyncSync(handle);
		} finally {
			closeSync(handle);
		}
		if (replace) renameSync(written, path);
		else if (!linked(written, path)) return false;
		syncFolder(dirname(path));
		return true;
	} catch (cause) {
		throw cause instanceof MsgcodeError ? cause : fileError("write", path, cause);
	}
}

/** A hard link is refused where the name is taken; without such links there is a moment between looking and renaming. */
function linked(written: string, path: string): boolean {
	try {
		linkSync(written, path);
		unlinkSync(written);
		return true;
	} catch (cause) {
		const { code = "" } = cause as NodeJS.ErrnoException;
		if (code === "EEXIST") return false;
		if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(code)) throw cause;
	}
	if (existsSync(path)) return false;
	renameSync(written, path);
	return true;
}
