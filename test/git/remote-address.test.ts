import { describe, expect, test } from "vitest";
import { refuseNoRemote, withoutCredentials } from "../../src/git/remote-address.ts";

describe("a remote", () => {
	test.each(["-o", "--upload-pack=x", "", "a\nb", "\u0000"])("is not called %j", (name) => {
		expect(() => refuseNoRemote(name)).toThrow(expect.objectContaining({ code: "input_invalid" }));
	});

	test.each(["origin", "team/fork", "../copy.git", "ssh://git@example.com/x.git", "git@example.com:x.git"])(
		"may be %j",
		(name) => {
			expect(() => refuseNoRemote(name)).not.toThrow();
		},
	);
});

test.each([
	["https://user:pass@example.com/x.git", "https://example.com/x.git"],
	[
		"fatal: unable to access 'https://tok%40en@example.com/': refused",
		"fatal: unable to access 'https://example.com/': refused",
	],
	["https://a:b@c@example.com/x", "https://example.com/x"],
	["https://example.com/x?private_token=abc&a=1", "https://example.com/x?private_token=…&a=1"],
	["git@example.com:x.git and /a/path@2", "git@example.com:x.git and /a/path@2"],
])("%j is shown as %j", (text, shown) => {
	expect(withoutCredentials(text)).toBe(shown);
});
