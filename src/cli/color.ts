// How text is emphasised on one stream. Invariant: without a terminal that wants colour every style is the identity.

import type { Io, OutputStream } from "./io.ts";

type Paint = (text: string) => string;

export interface Style {
	readonly color: boolean;
	/** Columns that a line may fill; Infinity where the text goes to a file or a pipe. */
	readonly width: number;
	readonly bold: Paint;
	readonly dim: Paint;
	readonly red: Paint;
	readonly green: Paint;
	readonly yellow: Paint;
	readonly blue: Paint;
	readonly cyan: Paint;
}

export const NARROWEST = 40;

/** The style of a stream. Precedence: --no-color, NO_COLOR, FORCE_COLOR, then whether it is a terminal (and not `dumb`). */
export function styleOf(stream: OutputStream, env: Io["env"], wanted: boolean): Style {
	const color = wanted && wantsColor(stream, env);
	const width = stream.isTTY ? Math.max(NARROWEST, stream.columns) : Number.POSITIVE_INFINITY;
	const paint =
		(open: number, close: number): Paint =>
		(text) =>
			color && text !== "" ? `\u001b[${open}m${text}\u001b[${close}m` : text;
	return {
		color,
		width,
		bold: paint(1, 22),
		dim: paint(2, 22),
		red: paint(31, 39),
		green: paint(32, 39),
		yellow: paint(33, 39),
		blue: paint(34, 39),
		cyan: paint(36, 39),
	};
}

function wantsColor(stream: OutputStream, env: Io["env"]): boolean {
	if ((env.NO_COLOR ?? "") !== "") return false;
	const forced = env.FORCE_COLOR;
	if (forced !== undefined) return forced !== "0" && forced !== "false";
	return stream.isTTY && env.TERM !== "dumb";
}
