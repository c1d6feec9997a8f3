import { describe, expect, it } from "vitest";
import { createRedactor, redactSecrets, scanForSecrets } from "../../src/trust/secrets.ts";

/** Text that chance could have made, the same in every run; so no test file holds what looks like a key. */
function chance(
	length: number,
	alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789",
	seed = 7,
): string {
	let state = seed;
	return Array.from({ length }, () => {
		state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
		return alphabet[Math.floor(state / 65_536) % alphabet.length];
	}).join("");
}

const upper = (length: number) => chance(length, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
const hex = (length: number) => chance(length, "0123456789abcdef");
const letters = (length: number) => chance(length, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
const digits = (length: number) => chance(length, "0123456789");
const json = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const pem = (name: string, body: string) => [`-----BEGIN ${name}-----`, body, `-----END ${name}-----`].join("\n");
const body = `${chance(64)}\n${chance(64, undefined, 9)}`;

const secrets: [rule: string, text: string][] = [
	["aws-access-key", `AKIA${upper(16)}`],
	["aws-access-key", `aws_access_key_id=ASIA${upper(16)}`],
	["aws-secret-key", `aws_secret_access_key = ${chance(40)}`],
	["github-token", `ghp_${chance(36)}`],
	["github-token", `https://x:ghs_${chance(36)}@github.com/a/b`],
	["github-token", `github_pat_${chance(22)}_${chance(59)}`],
	["gitlab-token", `glpat-${chance(20)}`],
	["slack-token", `xoxb-${digits(12)}-${digits(12)}-${chance(24)}`],
	["slack-webhook", `https://hooks.slack.com/services/T${upper(10)}/B${upper(10)}/${chance(24)}`],
	["stripe-key", `sk_live_${chance(24)}`],
	["stripe-key", `whsec_${chance(32)}`],
	["openai-key", `sk-proj-${chance(80)}`],
	["openai-key", `sk-${chance(48)}`],
	["anthropic-key", `sk-ant-api03-${chance(93)}`],
	["google-key", `AIza${chance(35)}`],
	["google-key", `GOCSPX-${chance(28)}`],
	["npm-token", `npm_${chance(36)}`],
	["npm-token", `//packages.example.com/:_authToken=${hex(8)}-${hex(4)}-${hex(12)}`],
	["pypi-token", `pypi-AgE${chance(60)}`],
	["huggingface-token", `hf_${letters(34)}`],
	["sendgrid-key", `SG.${chance(22)}.${chance(43)}`],
	["digitalocean-token", `dop_v1_${hex(64)}`],
	["telegram-token", `${digits(9)}:AA${chance(33)}`],
	["azure-key", `AccountName=a;AccountKey=${chance(86)}==;`],
	["jwt", `Bearer ${json({ alg: "HS256" })}.${json({ sub: "u-1", exp: 1 })}.${chance(43)}`],
	["url-password", `postgres://app:${chance(16)}@db.internal/app`],
	["assigned-secret", `const token = "${chance(24)}";`],
	["assigned-secret", `"client_secret": "${chance(32)}",`],
	["assigned-secret", `apiKey: '${hex(32)}'`],
	["assigned-secret", `password => "Kd8!${letters(5)}vQ2#"`],
	["assigned-secret", `export DB_PASSWORD=${chance(20)}`],
	["assigned-secret", `  api-token: ${hex(40)}  # rotate`],
	["private-key", pem("RSA PRIVATE KEY", body)],
	["private-key", pem("OPENSSH PRIVATE KEY", body)],
	["private-key", pem("PRIVATE KEY", body.replaceAll("\n", "\r\n"))],
	["private-key", pem("RSA PRIVATE KEY", `Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n${body}`)],
	["private-key", JSON.stringify({ key: pem("PRIVATE KEY", body) })],
];

const harmless: [why: string, text: string][] = [
	["AWS's documented example", "AKIAIOSFODNN7EXAMPLE and wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"],
	["a prefix inside a longer word", `XAKIA${upper(16)} AKIA${upper(17)}`],
	["a prefix that is too short", "ghp_short sk-proj-abc npm_config_cache hf_hub_download"],
	["a documented token of crosses", `glpat-${"x".repeat(20)} sk-proj-${"0".repeat(48)}`],
	["an npm variable", "npm_config_registry_of_some_long_name_here"],
	["jwt.io's sample", `${json({ alg: "HS256" })}.${json({ sub: "1234567890", name: "John Doe" })}.${chance(43)}`],
	["a lookup", 'token = "process.env.GITHUB_TOKEN"'],
	["a template", `password = "\${DB_PASSWORD_1a2b3c4d}" token: "{{ a1b2c3d4e5 }}"`],
	["a workflow's reference", "token: $" + "{{ secrets.NPM_TOKEN_1A2B3C }}"],
	["a placeholder", 'api_key = "your-api-key-here-1234" secret: "<insert 1a2b3c4d5e>" password="changeme1A2B3C4D"'],
	["words", 'secret = "correct-horse-battery-staple" token: "settings.account.token.label"'],
	["a versioned name", "secretRef: my-service-credentials-v2-production"],
	["a path", 'tokenFile = "/var/run/secrets/a1b2c3d4e5f6/token" private_key: "./keys/a1b2c3d4e5f6.pem"'],
	["a digest of a token", `token_sha256 = "${hex(64)}"`],
	["an assembly's public key token", 'publicKeyToken="b03f5f7f11d50a3a"'],
	["a tokenizer", `tokenizer_revision: ${hex(40)}`],
	["a commit", `commit ${hex(40)}`],
	["an integrity", `"integrity": "sha512-${chance(86)}=="`],
	["a UUID", `id: "${hex(8)}-${hex(4)}-${hex(4)}-${hex(4)}-${hex(12)}"`],
	["code", "const token = await fetchToken(accountId2, region1);"],
	["a URL with a port", "http://localhost:8080/a@b postgres://postgres:postgres@localhost:5432/db"],
	["a certificate", pem("CERTIFICATE", body)],
	["a public key", pem("PUBLIC KEY", body)],
	["a heading without a key", 'if (text.includes("-----BEGIN PRIVATE KEY-----")) {\n\tthrow new Error("no");\n}'],
	["a heading in code with a digest near it", `parse("-----BEGIN PRIVATE KEY-----");\nreturn 1;\n${chance(64)}`],
	["a heading far above a digest", `-----BEGIN PRIVATE KEY-----${"\n".repeat(20)}${chance(64)}`],
	["a shortened key in prose", pem("PRIVATE KEY", "MIIEpAIBAAKCAQEA...")],
];

const rulesOf = (text: string, file = "src/a.ts") => scanForSecrets(text, file).map((finding) => finding.rule);

describe("the scan", () => {
	it.each(secrets)("finds %s in %j", (rule, text) => {
		expect(rulesOf(text)).toContain(rule);
	});

	it.each(harmless)("says nothing about %s", (_, text) => {
		expect(rulesOf(text)).toEqual([]);
	});

	it("names rule, file and line, each rule once per line, and never the text", () => {
		const token = `ghp_${chance(36)}`;
		const findings = scanForSecrets(`one\n${token} ${token}\n\n${pem("PRIVATE KEY", body)}\n`, "a/b.txt");
		expect(findings).toEqual([
			{ rule: "github-token", file: "a/b.txt", line: 2 },
			{ rule: "private-key", file: "a/b.txt", line: 4 },
		]);
	});

	it("leaves the digests of lock files alone, but not a vendor's token in one", () => {
		const line = `"token": "${hex(40)}"`;
		expect(rulesOf(line, "package-lock.json")).toEqual([]);
		expect(rulesOf(line, "package-lock.json.ts")).toEqual(["assigned-secret"]);
		expect(rulesOf(`npm_${chance(36)}`, "web/yarn.lock")).toEqual(["npm-token"]);
	});

	it.each([
		"a",
		"=",
		" ",
		"-",
		'"',
		"eyJ-",
		"eyJa.",
		"sk-",
		"AKIA",
		"token",
		"awskey",
		"api_key",
		"x://",
		"x://a:",
		"xoxb-",
		"1:AA",
		'password="',
		"token: ",
		"-----BEGIN PRIVATE KEY-----",
	])("takes linear time on a megabyte of %j, and so does hiding", (piece) => {
		const text = piece.repeat(Math.ceil(1_048_576 / piece.length));
		const before = performance.now();
		scanForSecrets(text, "a");
		redactSecrets(text);
		expect(performance.now() - before).toBeLessThan(1500);
	});
});

describe("hiding", () => {
	it.each(secrets)("leaves nothing of %s in %j", (rule, text) => {
		const hidden = redactSecrets(`before\n${text}\nafter`);
		expect(hidden).toContain(`[redacted ${rule}]`);
		expect(hidden.startsWith("before\n")).toBe(true);
		expect(hidden.endsWith("\nafter")).toBe(true);
		expect(scanForSecrets(hidden, "a")).toEqual([]);
	});

	it.each(harmless)("leaves %s as it is", (why, text) => {
		if (why === "a shortened key in prose" || why.startsWith("a heading")) {
			// Where a key seems to begin, hiding too much is the safe side.
			expect(redactSecrets(text)).toContain("[redacted private-key]");
		} else {
			expect(redactSecrets(text)).toBe(text);
		}
	});

	it("hides every occurrence, and keeps what stands around the secret", () => {
		const token = chance(24);
		expect(redactSecrets(`a token="${token}" b token="${token}" c`)).toBe(
			'a token="[redacted assigned-secret]" b token="[redacted assigned-secret]" c',
		);
	});

	it("follows a private key over the pieces of a stream, and ends with it", () => {
		const redact = createRedactor();
		const lines = ["cat key", ...pem("EC PRIVATE KEY", body).split("\n"), "done"];
		expect(lines.map(redact)).toEqual(["cat key", ...Array(4).fill("[redacted private-key]"), "done"]);
		expect(createRedactor()("done")).toBe("done");
	});

	it("gives up on a key that never ends instead of hiding everything after it", () => {
		const redact = createRedactor();
		redact("-----BEGIN PRIVATE KEY-----");
		const hidden = Array.from({ length: 1000 }, (_, index) => redact(`line ${index}`));
		expect(hidden.at(-1)).toBe("line 999");
	});
});
