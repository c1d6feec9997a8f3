// How bubblewrap and systemd-run are called so that a program can write into a few folders only.
// Invariant: pure; no variable's value stands in an argument, for everybody can read the arguments of a process.

export interface SandboxPlaces {
	/** The folder that the program works in. */
	readonly cwd: string;
	/** Files and folders that it may write; they exist. */
	readonly writable: readonly string[];
	/** What stays read-only inside of those. */
	readonly readOnly: readonly string[];
	/** What it needs to see even where it lies in a folder for temporary files, which it has for itself. */
	readonly visible: readonly string[];
	/** Becomes its /tmp. */
	readonly temporary: string;
}

/** Folders for temporary files of everybody. */
const SHARED = ["/tmp", "/var/tmp"];

/**
 * The arguments before the program's own. bubblewrap stays outside as the parent, and is ended by the signals that the
 * program gets too. It is not told to take the program along (--die-with-parent), so that a polite stop stays polite; a
 * SIGKILL to the group ends the namespace, and with it whatever the program started.
 */
export function bubblewrapCall(places: SandboxPlaces): string[] {
	const bind = (how: string) => (path: string) => [how, path, path];
	return [
		...["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"],
		...SHARED.flatMap((folder) => ["--bind", places.temporary, folder]),
		...places.visible.filter(isShared).flatMap(bind("--ro-bind")),
		...places.writable.flatMap(bind("--bind")),
		...places.readOnly.flatMap(bind("--ro-bind")),
		...["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--cap-drop", "ALL"],
		...["--chdir", places.cwd, "--"],
	];
}

export interface SystemdOptions {
	/** Through the user's own service manager. */
	readonly user: boolean;
	readonly unit: string;
	/** Names of the variables that the program gets; systemd-run takes their values from its own environment. */
	readonly variables: readonly string[];
}

/** The arguments before the program's own. The program is started by the service manager, not below us. */
export function systemdRunCall(places: SandboxPlaces, { user, unit, variables }: SystemdOptions): string[] {
	const property = (text: string) => ["--property", text];
	return [
		...["systemd-run", "--quiet", "--wait", "--pipe", "--collect", "--service-type=exec", `--unit=${unit}`],
		// Without a namespace of users, a user's service manager may not change what a service sees.
		...(user ? ["--user", ...property("PrivateUsers=yes")] : []),
		...property("ProtectSystem=strict"),
		...property("ProtectHome=read-only"),
		...property(`PrivateTmp=${keepsSharedTmp(places) ? "no" : "yes"}`),
		...property("NoNewPrivileges=yes"),
		...[...places.writable, places.temporary].flatMap((path) => property(`ReadWritePaths=${quoted(path)}`)),
		...places.readOnly.flatMap((path) => property(`ReadOnlyPaths=${quoted(path)}`)),
		...variables.flatMap((name) => ["--setenv", name]),
		...[`--working-directory=${places.cwd}`, "--"],
	];
}

/** A folder for temporary files of its own would hide what the run needs in the one of everybody, which is read-only then. */
export function keepsSharedTmp({ writable, visible, cwd, temporary }: SandboxPlaces): boolean {
	return [...writable, ...visible, cwd, temporary].some(isShared);
}

function isShared(path: string): boolean {
	return SHARED.some((folder) => path.startsWith(`${folder}/`));
}

/** systemd splits such values at spaces. */
function quoted(path: string): string {
	return `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
