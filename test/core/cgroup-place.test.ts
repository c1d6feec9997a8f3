// Where a control group can be made, from the texts of /proc of different machines.
import { describe, expect, test } from "vitest";
import { cgroupPlaces } from "../../src/core/cgroup-place.ts";

const V1 = [
	"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755",
	"32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:5 - cgroup cgroup rw,cpu,cpuacct",
	"36 31 0:33 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory",
].join("\n");
const V2 = "25 20 0:22 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";

interface Machine {
	readonly mounts: string;
	readonly own: string;
	/** cgroup.subtree_control by folder. */
	readonly handedOn?: Readonly<Record<string, string>>;
}

function places(controller: "memory" | "cpu", { mounts, own, handedOn = {} }: Machine): string[] {
	const read = (path: string) => handedOn[path.replace(/\/cgroup\.subtree_control$/, "")] ?? null;
	return cgroupPlaces(controller, { mounts, own, read }).map(({ version, folder }) => `v${version} ${folder}`);
}

describe("version 1", () => {
	const own = "4:memory:/box/one\n3:cpu,cpuacct:/\n0::/";
	test("below the group that we are in, for each controller its own", () => {
		expect(places("memory", { mounts: V1, own })).toEqual(["v1 /sys/fs/cgroup/memory/box/one"]);
		expect(places("cpu", { mounts: V1, own })).toEqual(["v1 /sys/fs/cgroup/cpu,cpuacct"]);
	});

	test("in a container whose mount shows only its own part", () => {
		const mounts = "36 31 0:33 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory";
		expect(places("memory", { mounts, own: "4:memory:/docker/abc" })).toEqual(["v1 /sys/fs/cgroup/memory"]);
		expect(places("memory", { mounts, own: "4:memory:/docker/abc/in" })).toEqual(["v1 /sys/fs/cgroup/memory/in"]);
		expect(places("memory", { mounts, own: "4:memory:/docker/abcdef" })).toEqual([]);
	});
});

describe("version 2", () => {
	const service = "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice";
	const own = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/term.scope";

	test("beside us, where the user's service manager hands the controller on", () => {
		const machine = { mounts: V2, own, handedOn: { [service]: "memory pids", [`${service}/term.scope`]: "" } };
		expect(places("memory", machine)).toEqual([`v2 ${service}`]);
		expect(places("cpu", machine)).toEqual([]);
	});

	test("below us, where our own group hands it on", () => {
		expect(places("cpu", { mounts: V2, own: "0::/", handedOn: { "/sys/fs/cgroup": "cpu memory" } })).toEqual([
			"v2 /sys/fs/cgroup",
		]);
	});

	test("never beside us in a part that is not the user's own: that is another's to arrange", () => {
		const handedOn = { "/sys/fs/cgroup/user.slice/user-0.slice": "memory cpu" };
		expect(places("memory", { mounts: V2, own: "0::/user.slice/user-0.slice/session-3.scope", handedOn })).toEqual([]);
	});
});

test.each([
	["nothing is mounted", { mounts: "", own: "0::/" }],
	["the texts are of another kind", { mounts: "garbage", own: "garbage" }],
	["the controller has no mount", { mounts: V2, own: "4:memory:/x" }],
])("no place where %s", (_, machine) => {
	expect(places("memory", machine)).toEqual([]);
});
