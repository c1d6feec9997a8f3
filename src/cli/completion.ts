// Completion scripts for the shells, generated from the declarations. Invariant: a script is static text that calls
// msgcode only for ids, and every flag and command in it comes from a declaration.

import { type Declaration, flagsOf, isGroup, nameOf, operandsOf, partsOf } from "./declaration.ts";
import { globalFlags } from "./parse.ts";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

interface Word {
	readonly word: string;
	readonly help: string;
}

interface Place {
	/** The words that lead here, each way of writing them ("task rm", "task remove"). */
	readonly ways: readonly string[];
	readonly path: string;
	readonly words: readonly Word[];
	readonly flags: readonly Word[];
	/** The command whose first column lists what the first operand may be; null when it names nothing of ours. */
	readonly ids: string | null;
	readonly valued: readonly string[];
}

/** The script for one shell, from the declarations of all nouns. */
export async function completionScript(shell: Shell, nouns: readonly Declaration[]): Promise<string> {
	const root = { name: "", does: "", verbs: nouns };
	const places = await placesOf(root, [""], "");
	const valued = [...new Set([...globalValued, ...places.flatMap((place) => place.valued)])];
	return { bash, zsh, fish }[shell](places, valued);
}

const globalWords: readonly Word[] = [
	...globalFlags.map((flag) => ({ word: flag.long, help: flag.help })),
	{ word: "--help", help: "show help" },
];

const globalValued = globalFlags
	.filter((flag) => flag.value !== undefined)
	.flatMap((flag) => [flag.long, ...(flag.short === undefined ? [] : [flag.short])]);

async function placesOf(node: Declaration, ways: readonly string[], path: string): Promise<readonly Place[]> {
	if (isGroup(node)) {
		const words = node.verbs.map((child) => ({ word: nameOf(child), help: child.does }));
		const below = node.verbs.map((child) => {
			const names = [nameOf(child), ...(child.aliases ?? [])];
			const childWays = ways.flatMap((way) => names.map((name) => `${way} ${name}`.trim()));
			return placesOf(child, childWays, `${path} ${nameOf(child)}`.trim());
		});
		return [{ ways, path, words, flags: globalWords, ids: null, valued: [] }, ...(await Promise.all(below)).flat()];
	}
	const flags = (await flagsOf(node)).map((flag) => ({ ...partsOf(flag), help: flag.help }));
	const operand = operandsOf(node)[0];
	return [
		{
			ways,
			path,
			words: operand === "<shell>" ? shells.map((name) => ({ word: name, help: `for ${name}` })) : [],
			flags: [...flags.map(({ long, help }) => ({ word: long, help })), ...globalWords],
			ids: IDS[operand ?? ""] ?? null,
			valued: flags
				.filter((flag) => flag.takesValue)
				.flatMap(({ long, short }) => (short === null ? [long] : [long, short])),
		},
	];
}

const IDS: Readonly<Record<string, string>> = {
	"<id>": "task list --all --plain",
	"<run>": "run list --plain",
};

function bash(places: readonly Place[], valued: readonly string[]): string {
	const cases = places.map((place) => {
		const words = place.words.map(({ word }) => word).join(" ");
		const ids = place.ids === null ? "" : ` ids=${quote(place.ids)}`;
		return `\t\t${quote(place.path)}) words=${quote(words)} flags=${quote(place.flags.map(({ word }) => word).join(" "))}${ids} ;;`;
	});
	return `# bash completion for msgcode
_msgcode() {
	local word=\${COMP_WORDS[COMP_CWORD]} place="" skip="" where=. words="" flags="" ids="" item i
	for ((i = 1; i < COMP_CWORD; i++)); do
		item=\${COMP_WORDS[i]}
		if [[ -n $skip ]]; then
			[[ $skip == -C || $skip == --workspace ]] && where=$item
			skip=""
			continue
		fi
		case $item in
			--) return ;;
			${valued.join("|")}) skip=$item ;;
			-*) ;;
			*) case "$place\${place:+ }$item" in
${waysAsCases(places)}
			esac ;;
		esac
	done
	[[ -n $skip ]] && return
	case $place in
${cases.join("\n")}
	esac
	[[ $word == -* ]] && words=$flags ids=""
	[[ -n $ids ]] && words=$(msgcode -C "$where" $ids 2>/dev/null | cut -f1)
	COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _msgcode msgcode
`;
}

function zsh(places: readonly Place[], valued: readonly string[]): string {
	const list = (words: readonly Word[]) =>
		words.map(({ word, help }) => quote(`${word.replaceAll(":", "\\:")}:${help}`)).join(" ");
	const cases = places.map((place) => {
		const ids = place.ids === null ? "" : ` ids=(${place.ids})`;
		return `\t\t${quote(place.path)}) choices=(${list(place.words)}) flags=(${list(place.flags)})${ids} ;;`;
	});
	return `#compdef msgcode
_msgcode() {
	local place="" skip="" where=. item
	local -a choices flags ids
	for item in "\${(@)words[2,CURRENT-1]}"; do
		if [[ -n $skip ]]; then
			[[ $skip == -C || $skip == --workspace ]] && where=$item
			skip=""
			continue
		fi
		case $item in
			--) _files; return ;;
			${valued.join("|")}) skip=$item ;;
			-*) ;;
			*) case "$place\${place:+ }$item" in
${waysAsCases(places)}
			esac ;;
		esac
	done
	if [[ -n $skip ]]; then _files; return; fi
	case $place in
${cases.join("\n")}
	esac
	if [[ $PREFIX == -* ]]; then _describe flag flags; return; fi
	(( $#ids )) && choices=(\${(f)"$(msgcode -C "$where" $ids 2>/dev/null | cut -f1)"})
	if (( $#choices )); then _describe command choices; else _files; fi
}
if [[ $funcstack[1] == _msgcode ]]; then _msgcode "$@"; else compdef _msgcode msgcode; fi
`;
}

function waysAsCases(places: readonly Place[]): string {
	return places
		.filter((place) => place.path !== "")
		.map((place) => `\t\t\t\t${place.ways.map(quote).join("|")}) place=${quote(place.path)} ;;`)
		.join("\n");
}

function fish(places: readonly Place[], valued: readonly string[]): string {
	const lines = places.flatMap((place) => {
		const here = `-n ${fishQuote(`test (__msgcode_place) = "${place.path}"`)}`;
		const rows = [
			...place.words.map(({ word, help }) => `-f -a ${fishQuote(word)} -d ${fishQuote(help)}`),
			...place.flags.map(
				({ word, help }) => `-l ${word.slice(2)} -d ${fishQuote(help)}${valued.includes(word) ? " -r" : ""}`,
			),
		];
		if (place.ids !== null) rows.push(`-f -a ${fishQuote(`(msgcode ${place.ids} 2>/dev/null | cut -f1)`)}`);
		return rows.map((row) => `complete -c msgcode ${here} ${row}`);
	});
	const ways = places
		.filter((place) => place.path !== "")
		.map((place) => `\t\t\tcase ${place.ways.map(fishQuote).join(" ")}\n\t\t\t\tset place ${fishQuote(place.path)}`);
	return `# fish completion for msgcode
function __msgcode_place
	set -l place ""
	set -l skip 0
	for item in (commandline -opc)[2..-1]
		if test $skip = 1
			set skip 0
			continue
		end
		if contains -- $item ${valued.join(" ")}
			set skip 1
			continue
		end
		string match -q -- '-*' $item; and continue
		switch (string trim -- "$place $item")
${ways.join("\n")}
		end
	end
	echo $place
end
${lines.join("\n")}
`;
}

function fishQuote(text: string): string {
	return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

function quote(text: string): string {
	return `'${text.replaceAll("'", "'\\''")}'`;
}
