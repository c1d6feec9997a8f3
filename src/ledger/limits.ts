// How large the files of a ledger may be. Over a limit nothing is written.

/** What the ledger accepts. Sizes are bytes of UTF-8, except the title's, which are characters. */
export const LIMITS = {
	titleCharacters: 500,
	frontMatterBytes: 64 * 1024,
	bodyBytes: 1024 * 1024,
	recordBytes: 1024 * 1024,
	patchBytes: 32 * 1024 * 1024,
	eventBytes: 256 * 1024,
} as const;
