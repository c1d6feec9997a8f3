// Writes a list that is the merge of two sides' lists, from the lines in which they wrote the elements.
// Invariant: the text says exactly the wanted elements and holds the comments of both sides, or there is none.
import { isDeepStrictEqual } from "node:util";
import type { Unit } from "../task/front-matter-units.ts";
import { commentsOf, readYaml, renderInline, type YamlEntry } from "../task/yaml.ts";
import { lineStart, nextLine } from "../task/yaml-edit.ts";

/** The value as a set of texts, or null where it is something else. One text may stand without brackets. */
export function asSet(value: unknown): readonly string[] | null {
	if (value === undefined || value === null) return [];
	if (typeof value === "string") return [value];
	return Array.isArray(value) && value.every((one) => typeof one === "string") ? [...new Set<string>(value)] : null;
}

interface Element {
	/** Comment lines above it, without their indentation. */
	readonly above: readonly string[];
	/** The element as it stands, with a comment behind it. */
	readonly text: string;
}

interface Source {
	readonly own: string;
	readonly entry: YamlEntry;
	readonly elements: ReadonlyMap<string, Element>;
	/** In block style: what stands before the first element's lines, and behind the last one's. */
	readonly head: string;
	readonly rest: string;
	/** What stands before an element on its line; null where the list is not in block style. */
	readonly bullet: string | null;
}

/** The lines of the key with these elements, or null where they cannot be made of what the units hold. */
export function composeList(units: readonly Unit[], wanted: readonly string[], lineEnd: string): string | null {
	const sources = units.map(sourceOf).sort((a, b) => rank(a) - rank(b) || (a.own < b.own ? -1 : 1));
	const [carrier] = sources;
	if (carrier === undefined) return null;
	const asWanted = units.find(({ value }) => isDeepStrictEqual(value, wanted));
	if (asWanted !== undefined && !losesComment(sources, wanted, asWanted.own)) return asWanted.own;
	const elementOf = (name: string) => sources.find(({ elements }) => elements.has(name))?.elements.get(name);
	const chosen = wanted.map((name) => elementOf(name) ?? { above: [], text: renderInline(name) });
	const text = carrier.bullet === null ? inFlow(carrier, chosen) : inBlock(carrier, carrier.bullet, chosen, lineEnd);
	const read = readYaml(text);
	if (read.problems.length > 0 || read.entries?.length !== 1) return null;
	if (!isDeepStrictEqual(Object.values(read.data), [wanted])) return null;
	return losesComment(sources, wanted, text) ? null : text;
}

function rank(source: Source): number {
	return source.bullet === null ? 1 : 0;
}

function sourceOf({ own, value }: Unit): Source {
	const entry = readYaml(own).entries?.[0];
	if (entry === undefined) throw new Error("a unit holds its key"); // splitUnits read it
	const names = asSet(value) ?? [];
	const elements = new Map<string, Element>();
	const first = entry.elements?.[0];
	if (entry.form !== "block collection" || first === undefined) {
		const ranges = entry.elements ?? [{ start: entry.valueStart, end: entry.valueEnd }];
		const listed = Array.isArray(value) ? (value as string[]) : names;
		for (const [at, name] of listed.entries()) {
			const { start = 0, end = 0 } = ranges[at] ?? {};
			const text = own.slice(start, end);
			const safe = entry.form === "flow" || (entry.form === "inline" && !/[,[\]{}]/.test(text));
			elements.set(name, { above: [], text: safe && !text.includes("\n") ? text : renderInline(name) });
		}
		return { own, entry, elements, head: "", rest: "", bullet: null };
	}
	const head = own.slice(0, nextLine(own, entry.colonEnd));
	let at = head.length;
	for (const [position, name] of (value as string[]).entries()) {
		const { start = 0, end = 0 } = entry.elements?.[position] ?? {};
		const above = own.slice(at, lineStart(own, start)).split("\n");
		const behind = nextLine(own, Math.max(start, end - 1));
		const line = own.slice(start, behind).trimEnd();
		const text = line.includes("\n") ? renderInline(name) : line;
		const comments = above.map((one) => one.trim()).filter((one) => one !== "");
		if (!elements.has(name)) elements.set(name, { above: comments, text });
		at = behind;
	}
	const bullet = own.slice(lineStart(own, first.start), first.start);
	return { own, entry, elements, head, rest: own.slice(at), bullet };
}

function inBlock(source: Source, bullet: string, elements: readonly Element[], lineEnd: string): string {
	if (elements.length === 0) {
		const { colonEnd } = source.entry;
		return `${source.own.slice(0, colonEnd)} []${source.head.slice(colonEnd)}${source.rest}`;
	}
	const indent = /^[ \t]*/.exec(bullet)?.[0] ?? "";
	const lines = elements.flatMap(({ above, text }) => [...above.map((one) => indent + one), bullet + text]);
	return source.head + lines.map((line) => line + lineEnd).join("") + source.rest;
}

function inFlow({ own, entry }: Source, elements: readonly Element[]): string {
	const { colonEnd, valueStart, valueEnd, form } = entry;
	const list = `[${elements.map(({ text }) => text).join(", ")}]`;
	if (form === "empty") return `${own.slice(0, colonEnd)} ${list}${own.slice(colonEnd)}`;
	return own.slice(0, valueStart) + list + own.slice(valueEnd);
}

/** The comments of an element that is gone may go with it; every other one has to be there still. */
function losesComment(sources: readonly Source[], wanted: readonly string[], text: string): boolean {
	const kept = new Set(commentsOf(text));
	return sources.some(({ own, elements }) => {
		const gone = [...elements].filter(([name]) => !wanted.includes(name));
		const excused = gone.flatMap(([, element]) => [...element.above, ...commentsOf(`- ${element.text}`)]);
		return commentsOf(own).some((comment) => !kept.has(comment) && !excused.includes(comment));
	});
}
