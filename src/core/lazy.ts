// Values that are made at their first use and then kept: schemas of which one command needs a few.

/** A function that calls `make` once and returns its result ever after. */
export function once<T>(make: () => T): () => T {
	let made: { readonly value: T } | null = null;
	return () => {
		made ??= { value: make() };
		return made.value;
	};
}

/** An object each of whose keys is made at its first reading. */
export function lazily<T extends Readonly<Record<string, () => unknown>>>(
	makers: T,
): { readonly [Key in keyof T]: ReturnType<T[Key]> } {
	const keys = Object.entries(makers).map(([key, make]) => [key, { get: once(make), enumerable: true }]);
	return Object.defineProperties({}, Object.fromEntries(keys)) as { readonly [Key in keyof T]: ReturnType<T[Key]> };
}
