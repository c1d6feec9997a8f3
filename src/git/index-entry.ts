// One entry of git's index. Invariant: an entry that came from a file keeps every byte that it has there.

export interface IndexEntry {
	readonly path: Buffer;
	/** The 40 bytes of stat data as git stores them. */
	readonly stat: Buffer;
	readonly oid: Buffer;
	/** assume-valid, extended, stage and name length bits. */
	readonly flags: number;
	readonly extendedFlags: number;
}

/** An entry as it stands in a file of version 2 or 3: of thousands of entries most are only copied, many at a time. */
export class WrittenEntry implements IndexEntry {
	readonly file: Buffer;
	readonly start: number;
	readonly end: number;
	readonly flags: number;
	readonly extendedFlags: number;
	private readonly rawLength: number;
	private readonly pathStart: number;
	private readonly pathEnd: number;

	constructor(file: Buffer, place: EntryPlace, flags: number, extendedFlags: number, rawLength: number) {
		this.file = file;
		this.start = place.start;
		this.end = place.end;
		this.pathStart = place.pathStart;
		this.pathEnd = place.pathEnd;
		this.flags = flags;
		this.extendedFlags = extendedFlags;
		this.rawLength = rawLength;
	}
	get path(): Buffer {
		return this.file.subarray(this.pathStart, this.pathEnd);
	}
	get stat(): Buffer {
		return this.file.subarray(this.start, this.start + 40);
	}
	get oid(): Buffer {
		return this.file.subarray(this.start + 40, this.start + 40 + this.rawLength);
	}
}

interface EntryPlace {
	readonly start: number;
	readonly end: number;
	readonly pathStart: number;
	readonly pathEnd: number;
}
