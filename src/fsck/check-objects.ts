// The repository holds every object of the checked-out commit's tasks folder.
import { type Finding, finding } from "./finding.ts";
import type { Look } from "./look.ts";

export function checkObjects({ head }: Look): Finding[] {
	return [...head.missing].map(([path, oid]) =>
		finding("object_missing", {
			file: path,
			message: `The repository lacks ${oid}, which HEAD has as ${path}.`,
			hint: "Fetch from a clone that has it, or see what git says: git fsck",
		}),
	);
}
