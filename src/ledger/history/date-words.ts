// A time as people type it, read by git itself: `2026-01-02`, `2 weeks ago`, `yesterday`.
// Invariant: what says no time is refused; git would take it for now.
import { MsgcodeError } from "../../core/errors.ts";
import type { Git } from "../../git/plumbing.ts";

const MONTH =
	"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";
const WEEKDAY = "sun(?:day)?|mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs(?:day)?)?|fri(?:day)?|sat(?:urday)?";
const UNIT = "seconds?|minutes?|hours?|days?|weeks?|months?|years?";
const OTHER =
	"one|two|three|four|five|six|seven|eight|nine|ten|last|ago|at|now|today|yesterday|noon|midnight|tea|am|pm|never";
const ZONE = "z|utc|gmt|[+-]\\d{2}:?\\d{2}";
const CLOCK = `\\d{1,2}:\\d{2}(?::\\d{2}(?:\\.\\d+)?)?(?:am|pm|${ZONE})?|\\d{1,2}(?:am|pm)`;
const DATE = "\\d{4}[-/]\\d{1,2}[-/]\\d{1,2}|\\d{1,2}[-/]\\d{1,2}[-/]\\d{2,4}";
const SAYS_SOMETHING = new RegExp(
	`^(?:${MONTH}|${WEEKDAY}|${UNIT}|${OTHER}|${ZONE}|${CLOCK}|(?:${DATE})(?:t(?:${CLOCK}))?|@\\d+)$`,
	"i",
);
const NUMBER = /^(?:\d{1,4}|\d{1,2}(?:st|nd|rd|th))$/;
const DAY = /^(\d{4})-(\d\d)-(\d\d)$/;

/** Whether the text could be a time at all. */
export function looksLikeTime(text: string): boolean {
	const day = /^(\d{4})-(\d\d)-(\d\d)/.exec(text);
	if (day !== null && !isDay(day.slice(1, 4).map(Number))) return false;
	// `2.weeks.ago` is one way of writing it.
	const words = text.split(/[ ,]+|\.(?!\d)/).filter((word) => word !== "");
	const known = words.filter((word) => SAYS_SOMETHING.test(word));
	return known.length > 0 && words.every((word) => known.includes(word) || NUMBER.test(word));
}

/**
 * Seconds since 1970. A day alone means its first second or its last one, as `edge` says. Throws `input_invalid` for what
 * is no time. `flag` is what the message names.
 */
export async function readTime(git: Git, text: string, edge: "first" | "last", flag: string): Promise<number> {
	const refused = () =>
		new MsgcodeError("input_invalid", `${flag}: ${JSON.stringify(text)} is not a time.`, {
			hint: "Such as 2026-01-02, '2026-01-02 15:04', '2 weeks ago', yesterday.",
		});
	if (!looksLikeTime(text)) throw refused();
	const whole = DAY.test(text) ? `${text} ${edge === "first" ? "00:00:00" : "23:59:59"}` : text;
	const asked = /^today$/i.test(text) && edge === "first" ? "midnight" : whole;
	const { stdout } = await git(["rev-parse", `--since=${asked}`]);
	const seconds = /^--max-age=(\d+)\s*$/.exec(stdout.toString("latin1"))?.[1];
	if (seconds === undefined) throw refused();
	return Number(seconds);
}

function isDay([year = 0, month = 0, day = 0]: readonly number[]): boolean {
	const date = new Date(Date.UTC(year, month - 1, day));
	return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
