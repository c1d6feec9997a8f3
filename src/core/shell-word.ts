// A text as one word of a shell's line, for command lines that a person copies.
// Invariant: whatever the text holds, a POSIX shell reads back exactly it.

export function shellWord(text: string): string {
	return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
