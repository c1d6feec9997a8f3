// Columns that line up in a terminal, whatever the data holds. Invariant: no control character of the data reaches the
// terminal, and no line is wider than the style allows.

import type { Style } from "./color.ts";
import { displayWidth, truncate, visible } from "./terminal-text.ts";

export interface Column {
	readonly title: string;
	readonly align?: "left" | "right";
	/** May be cut when the table is too wide; the others keep their width as long as it can be done. */
	readonly flexible?: boolean;
}

export type Cell = string | { readonly text: string; readonly paint: (text: string) => string };

const GAP = "  ";
const SMALLEST = 8;

/** The table as lines with a final newline; only the header when there are no rows. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly Cell[])[], style: Style): string {
	const texts = rows.map((row) => columns.map((_, index) => visible(cellText(row[index]))));
	const natural = columns.map((column, index) =>
		Math.max(displayWidth(column.title), ...texts.map((row) => displayWidth(row[index] ?? ""))),
	);
	const widths = shrink(columns, natural, style.width - GAP.length * (columns.length - 1));
	const line = (cells: readonly string[], paintOf: (index: number) => (text: string) => string) =>
		cells
			.map((cell, index) => {
				const cut = truncate(cell, widths[index] ?? 0);
				const space = " ".repeat(Math.max(0, (widths[index] ?? 0) - displayWidth(cut)));
				const painted = paintOf(index)(cut);
				if (columns[index]?.align === "right") return space + painted;
				return index === cells.length - 1 ? painted : painted + space;
			})
			.join(GAP)
			.trimEnd();
	const header = line(
		columns.map((column) => column.title),
		() => style.dim,
	);
	const body = texts.map((cells, row) => line(cells, (index) => cellPaint(rows[row]?.[index])));
	return `${[header, ...body].join("\n")}\n`;
}

function cellText(cell: Cell | undefined): string {
	return typeof cell === "object" ? cell.text : (cell ?? "");
}

function cellPaint(cell: Cell | undefined): (text: string) => string {
	return typeof cell === "object" ? cell.paint : (text) => text;
}

/**
 * Shrinks flexible columns first, the widest first; then the others; the first column, by which a row is named, last. The
 * sum never exceeds `room` as long as each column can have a character.
 */
function shrink(columns: readonly Column[], natural: readonly number[], room: number): number[] {
	const widths = [...natural];
	for (const [candidates, least] of [
		[columns.map((column) => column.flexible === true), SMALLEST],
		[columns.map((_, index) => index > 0), 3],
		[columns.map(() => true), 1],
	] as const) {
		for (let excess = sum(widths) - room; excess > 0; excess = sum(widths) - room) {
			const widest = widths.reduce(
				(best, width, index) =>
					candidates[index] && width > least && (best < 0 || width > (widths[best] ?? 0)) ? index : best,
				-1,
			);
			if (widest < 0) break;
			widths[widest] = (widths[widest] ?? 0) - 1;
		}
	}
	return widths;
}

function sum(numbers: readonly number[]): number {
	return numbers.reduce((total, number) => total + number, 0);
}
