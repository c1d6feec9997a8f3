// Times as people type them: what git is asked, and what is refused because git would take it for now.
import { describe, expect, test } from "vitest";
import { looksLikeTime, readTime } from "../../../src/ledger/history/date-words.ts";
import { ledgerOf } from "../../support/ledger.ts";
import { repo } from "../../support/repo.ts";

describe("times", () => {
	test.each([
		"2026-01-02",
		"2026-01-02 15:04",
		"2026-01-02T15:04:05Z",
		"2026-01-02T15:04:05+02:00",
		"2 weeks ago",
		"2.weeks.ago",
		"yesterday",
		"last friday",
		"Jan 5 2026",
		"5 january",
		"noon yesterday",
		"@1700000000",
		"one year ago",
		"3pm yesterday",
		"2026-01-02T15:04:05.123Z",
		"5th may",
	])("%j is one", (text) => {
		expect(looksLikeTime(text)).toBe(true);
	});

	test.each([
		"",
		" ",
		"nonsense",
		"HEAD~3",
		"main",
		"2026-13-01",
		"2026-02-30",
		"2 bananas ago",
		"v1.2",
		"a..b",
		"--all",
		"2026\n01",
		"1234567",
		"2026",
		"a1",
		"deadbee",
		"t1",
		"feature/2026",
	])("%j is none", async (text) => {
		const place = await repo({ ledger: true });
		await expect(readTime(ledgerOf(place).git, text, "first", "--since")).rejects.toMatchObject({
			code: "input_invalid",
			hint: expect.stringContaining("2 weeks ago"),
		});
	});

	test("a day is its first or its last second, where the machine is; everything else is git's", async () => {
		const place = await repo({ ledger: true, env: { TZ: "America/New_York" } });
		const { git } = ledgerOf(place);
		const seconds = (iso: string) => Date.parse(iso) / 1000;
		expect(await readTime(git, "2026-01-02", "first", "--since")).toBe(seconds("2026-01-02T05:00:00Z"));
		expect(await readTime(git, "2026-01-02", "last", "--until")).toBe(seconds("2026-01-03T04:59:59Z"));
		expect(await readTime(git, "2026-01-02T15:04:05Z", "first", "--since")).toBe(seconds("2026-01-02T15:04:05Z"));
		const now = Date.now() / 1000;
		expect(Math.abs((await readTime(git, "2 weeks ago", "first", "--since")) - (now - 14 * 86_400))).toBeLessThan(
			3_700,
		);
		const today = await readTime(git, "today", "first", "--since");
		expect(today).toBeLessThanOrEqual(now);
		expect((today - seconds("2026-01-02T05:00:00Z")) % 3600).toBe(0);
	});
});
