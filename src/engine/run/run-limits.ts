// A task's limits in the form that the supervision takes, and what a receipt says of how they were kept.

import { type LimitKeepers, NO_LIMITS, type ResourceLimits } from "../../core/use-limits.ts";
import type { KeptLimits } from "../../ledger/runs/receipt.ts";
import type { Definition } from "../../ledger/task/definition.ts";

const MEBIBYTE = 1024 * 1024;

export function resourceLimits(limits: Definition["limits"]): ResourceLimits {
	if (limits === undefined) return NO_LIMITS;
	const { memoryMb, cpuPercent = null, diskMb } = limits;
	const bytes = (mebibytes: number | undefined) => (mebibytes === undefined ? null : mebibytes * MEBIBYTE);
	return { memoryBytes: bytes(memoryMb), cpuPercent, diskBytes: bytes(diskMb) };
}

/** Undefined where the task has no limits. */
export function keptLimits(limits: ResourceLimits, keepers: LimitKeepers): KeptLimits | undefined {
	const { memoryBytes, cpuPercent, diskBytes } = limits;
	const kept: KeptLimits = {
		...(memoryBytes === null ? {} : { memory: { mb: memoryBytes / MEBIBYTE, by: keepers.memory ?? "none" } }),
		...(cpuPercent === null ? {} : { cpu: { percent: cpuPercent, by: keepers.cpu ?? "none" } }),
		...(diskBytes === null ? {} : { disk: { mb: diskBytes / MEBIBYTE, by: keepers.disk ?? "none" } }),
	};
	return Object.keys(kept).length === 0 ? undefined : kept;
}
