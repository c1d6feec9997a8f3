// Where on this machine a program can be put into a control group with a limit of its own: below the group that this
// process is in, so that whatever limits us limits the program too.
// Invariant: pure; what it reads are the texts of /proc, and whether a file says so.

/** A folder of the cgroup file system in which a group with that controller can be made. */
export interface CgroupPlace {
	readonly controller: Controller;
	readonly version: 1 | 2;
	readonly folder: string;
}

export type Controller = "memory" | "cpu";

export interface CgroupFacts {
	/** /proc/self/mountinfo */
	readonly mounts: string;
	/** /proc/self/cgroup */
	readonly own: string;
	/** The text of a file, or null. */
	readonly read: (path: string) => string | null;
}

/** The places for each controller, best first; none where it cannot be used. */
export function cgroupPlaces(controller: Controller, { mounts, own, read }: CgroupFacts): CgroupPlace[] {
	const groups = own.split("\n").flatMap((line) => {
		const [, names, path] = /^\d+:([^:]*):(.+)$/.exec(line) ?? [];
		return names === undefined || path === undefined ? [] : [{ names: names.split(","), path }];
	});
	const first = groups.find(({ names }) => names.includes(controller));
	if (first !== undefined) {
		const mount = mountsOf(mounts, "cgroup").find(({ options }) => options.includes(controller));
		const folder = mount === undefined ? null : below(mount, first.path);
		return folder === null ? [] : [{ controller, version: 1, folder }];
	}
	const second = groups.find(({ names }) => names.length === 1 && names[0] === "");
	const mount = mountsOf(mounts, "cgroup2")[0];
	const folder = second === undefined || mount === undefined ? null : below(mount, second.path);
	if (folder === null) return [];
	// In version 2 a group that holds processes hands no controller on. Beside us, below a user's own service manager,
	// groups are ours to make.
	const parent = folder.slice(0, folder.lastIndexOf("/"));
	const folders = folder.includes("/user@") ? [folder, parent] : [folder];
	return folders
		.filter((one) => (read(`${one}/cgroup.subtree_control`) ?? "").split(/\s+/).includes(controller))
		.map((one) => ({ controller, version: 2, folder: one }));
}

interface Mount {
	/** Which group stands at the mount point. */
	readonly root: string;
	readonly point: string;
	readonly options: readonly string[];
}

/** See proc_pid_mountinfo(5): optional fields end with " - ". */
function mountsOf(text: string, type: string): Mount[] {
	return text.split("\n").flatMap((line) => {
		const [before = "", after = ""] = line.split(" - ");
		const [, , , root, point] = before.split(" ");
		const [kind, , options = ""] = after.split(" ");
		return kind === type && root !== undefined && point !== undefined
			? [{ root, point, options: options.split(",") }]
			: [];
	});
}

/** The folder of a group, when the mount shows it. */
function below({ root, point }: Mount, path: string): string | null {
	const inside =
		root === "/" ? path : path === root ? "" : path.startsWith(`${root}/`) ? path.slice(root.length) : null;
	return inside === null ? null : `${point}${inside === "/" ? "" : inside}`;
}
