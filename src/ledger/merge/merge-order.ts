// Brings two orders of the same things together: keys of a map, elements of a list, lines of a comment.
// Invariant: each element once, the order of the base where nobody changed it, and no difference when the sides are swapped.

/** Every element of the three lists, each once. What each side added stands behind the element that it was put behind. */
export function mergeOrder(base: readonly string[], ours: readonly string[], theirs: readonly string[]): string[] {
	const known = new Set(base);
	const skeleton = skeletonOf([...known], ours, theirs);
	const [left, right] = [additions(known, ours), additions(known, theirs)];
	const merged = new Set<string>();
	for (const anchor of [null, ...skeleton]) {
		if (anchor !== null) merged.add(anchor);
		for (const added of interleave(left.get(anchor) ?? [], right.get(anchor) ?? [])) merged.add(added);
	}
	return [...merged];
}

/** Additions and removals of both sides, in the merged order. */
export function mergeSet(base: readonly string[], ours: readonly string[], theirs: readonly string[]): string[] {
	const [before, left, right] = [new Set(base), new Set(ours), new Set(theirs)];
	return mergeOrder(base, ours, theirs).filter((element) =>
		before.has(element) ? left.has(element) && right.has(element) : left.has(element) || right.has(element),
	);
}

/** The base's elements in the order that a side gave them; where both gave one, in a fixed one of the two. */
function skeletonOf(base: readonly string[], ours: readonly string[], theirs: readonly string[]): readonly string[] {
	const [left, right] = [reordered(base, ours), reordered(base, theirs)];
	const [baseText, leftText, rightText] = [base, left, right].map((order) => JSON.stringify(order));
	if (leftText === baseText) return right;
	if (rightText === baseText) return left;
	return String(leftText) < String(rightText) ? left : right;
}

/** The base's elements as the side orders them; what the side lacks stands behind its predecessor in the base. */
function reordered(base: readonly string[], side: readonly string[]): string[] {
	const known = new Set(base);
	const order = [...new Set(side.filter((element) => known.has(element)))];
	const present = new Set(order);
	for (const [at, element] of base.entries()) {
		if (present.has(element)) continue;
		order.splice(at === 0 ? 0 : order.indexOf(base[at - 1] ?? "") + 1, 0, element);
		present.add(element);
	}
	return order;
}

/** What the side added, by the base's element that stands before it; null for the beginning. */
function additions(known: ReadonlySet<string>, side: readonly string[]): Map<string | null, string[]> {
	const found = new Map<string | null, string[]>();
	let anchor: string | null = null;
	for (const element of side) {
		const run = found.get(anchor);
		if (known.has(element)) anchor = element;
		else if (run === undefined) found.set(anchor, [element]);
		else run.push(element);
	}
	return found;
}

/** Two runs as one that keeps the order within each; where nothing else decides, the smaller element comes first. */
function interleave(left: readonly string[], right: readonly string[]): string[] {
	const [a, b] = [[...left], [...right]];
	const merged: string[] = [];
	for (;;) {
		const [first, second] = [a[0], b[0]];
		if (first === undefined || second === undefined) return [...merged, ...a, ...b];
		const waits = a.includes(second);
		const isWaitedFor = b.includes(first);
		const takeFirst = waits === isWaitedFor ? first < second : waits;
		if (first === second || takeFirst) merged.push(String(a.shift()));
		else merged.push(String(b.shift()));
		if (first === second) b.shift();
	}
}
