// Reads what may or may not be in a line of JSON that a program printed.
// Invariant: a value of another type than expected counts as absent; nothing here throws.

export type JsonObject = Readonly<Record<string, unknown>>;

/** The object that a line of text is, or null. */
export function objectFrom(text: string): JsonObject | null {
	if (!text.trimStart().startsWith("{")) return null;
	try {
		return objectIn(JSON.parse(text));
	} catch {
		return null;
	}
}

export function objectIn(value: unknown): JsonObject | null {
	return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

export function objectsIn(value: unknown): JsonObject[] {
	const items: readonly unknown[] = Array.isArray(value) ? value : [];
	return items.map(objectIn).filter((item) => item !== null);
}

/** Null for an empty text too. */
export function textIn(value: unknown): string | null {
	return typeof value === "string" && value !== "" ? value : null;
}

export function numberIn(value: unknown): number | null {
	return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** A word made for machines, fit for a tracked file; anything longer or with other characters is prose. */
export function wordIn(value: unknown): string | null {
	return typeof value === "string" && /^[\w.-]{1,60}$/.test(value) ? value : null;
}

/** The name of a model, fit for a tracked file: `vendor/name:7b`, `name[1m]`. */
export function modelIn(value: unknown): string | null {
	return typeof value === "string" && /^[\w.:/@[\]-]{1,120}$/.test(value) ? value : null;
}
