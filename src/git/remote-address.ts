// The name or address of a remote: what git must not take for an option, and what must never be printed.
// Invariant: no user name, password or token of an address passes through here.
import { MsgcodeError } from "../core/errors.ts";

/** Throws `input_invalid` for what git could read as a flag of its own, or that no remote is called. */
export function refuseNoRemote(remote: string): void {
	if (remote !== "" && !remote.startsWith("-") && !/[\u0000-\u001f\u007f]/.test(remote)) return;
	throw new MsgcodeError(
		"input_invalid",
		`${JSON.stringify(withoutCredentials(remote))} is no name or address of a remote.`,
		{
			hint: "Names: `git remote`.",
		},
	);
}

/** The text with what stands before the @ of an address, and tokens behind its ?, taken out. */
export function withoutCredentials(text: string): string {
	return text
		.replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^/\s'"]*@/gi, "$1")
		.replace(/([?&][\w-]*(?:token|password|passwd|secret|key)=)[^&\s'"]+/gi, "$1…");
}
