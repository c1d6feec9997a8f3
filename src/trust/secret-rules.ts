// What a secret looks like. Every rule is precise (a vendor's own prefix and length, or a value that only chance makes)
// and linear: no rule may start again inside a run of characters that it has just walked over.

export interface SecretRule {
	readonly id: string;
	/** Linear, with the flag `g`. The group `secret`, where there is one, is the part to hide. */
	readonly pattern: RegExp;
	/** Says that a match is none after all: a vendor's documented example, a placeholder, a word. */
	readonly isHarmless?: (secret: string) => boolean;
	/** Goes by the name beside the value, not by the value's own shape; not applied to lock files, full of digests. */
	readonly byName?: boolean;
}

/** One cheap look that tells almost every line apart from those that a rule could match, by shape and by name. */
export const SHAPE_HINT =
	/A(?:KIA|SIA|BIA|CCA)|gh[pousr]_|github_pat_|gl(?:pat|dt|rt|ptt|ft|soat|imt|agent|cbt)-|xox[abeoprs]-|xapp-|hooks\.slack|k_live_|whsec_|(?<!\w)sk-|AIza|GOCSPX|ya29\.|npm_|pypi-|(?<!\w)hf_|(?<!\w)SG\.|do[opr]_v1_|:AA|AccountKey|eyJ|:\/\/[^\s:@/]{1,100}:|:_(?:auth|password)/;
export const NAME_HINT = /aws|(?:passw|passphrase|secret|token|key|credential)[\w.\-"'`\]\s]{0,60}[=:]/i;

const ASSIGNED = "(?:=>|:=|=|:)";
const NAME =
	"(?<!public_?key_?)(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|auth[_-]?key|credentials?)(?![\\w.-]{0,24}(?:hash|sha\\d|digest|checksum|izer|name|url|uri|path|file|arn|[_-]?id\\b|version|type))";

export const secretRules: readonly SecretRule[] = [
	{
		id: "aws-access-key",
		pattern: /(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])/g,
		isHarmless: (secret) => secret.includes("EXAMPLE"),
	},
	{
		id: "aws-secret-key",
		pattern: /aws.{0,20}(?:secret|key).{0,20}?["'=:\s](?<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])/gi,
		isHarmless: (secret) => secret.includes("EXAMPLE") || !looksRandom(secret),
		byName: true,
	},
	{ id: "github-token", pattern: /(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{36,251}(?![A-Za-z0-9_])/g },
	{ id: "github-token", pattern: /(?<![A-Za-z0-9])github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}(?![A-Za-z0-9_])/g },
	{
		id: "gitlab-token",
		pattern: /(?<![A-Za-z0-9_-])gl(?:pat|dt|rt|ptt|ft|soat|imt|agent|cbt)-[A-Za-z0-9_-]{20,300}/g,
		isHarmless: isExample,
	},
	{
		id: "slack-token",
		pattern: /(?<![A-Za-z0-9-])(?:xox[abeoprs]-\d{1,2}|xox[abeoprs]-|xapp-\d-)[A-Za-z0-9]{8,16}-[A-Za-z0-9-]{16,300}/g,
		isHarmless: isExample,
	},
	{
		id: "slack-webhook",
		pattern: /hooks\.slack\.com\/(?:services|workflows)\/[TA][A-Z0-9]{8,12}\/[A-Z0-9]{8,20}\/[A-Za-z0-9]{18,40}/g,
		isHarmless: isExample,
	},
	{ id: "stripe-key", pattern: /(?<![A-Za-z0-9])(?:sk|rk)_live_[A-Za-z0-9]{16,250}/g, isHarmless: isExample },
	{ id: "stripe-key", pattern: /(?<![A-Za-z0-9])whsec_[A-Za-z0-9+/]{32,100}/g, isHarmless: isExample },
	{
		id: "anthropic-key",
		pattern: /(?<![A-Za-z0-9_-])sk-ant-[a-z]{3,10}\d{2}-[A-Za-z0-9_-]{60,200}/g,
		isHarmless: isExample,
	},
	{
		id: "openai-key",
		pattern: /(?<![A-Za-z0-9_-])sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{40,250}/g,
		isHarmless: isExample,
	},
	{ id: "openai-key", pattern: /(?<![A-Za-z0-9_-])sk-[A-Za-z0-9]{48}(?![A-Za-z0-9_-])/g, isHarmless: isExample },
	{
		id: "google-key",
		pattern: /(?<![A-Za-z0-9_-])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/g,
		isHarmless: isExample,
	},
	{ id: "google-key", pattern: /(?<![A-Za-z0-9_-])GOCSPX-[A-Za-z0-9_-]{28}(?![A-Za-z0-9_-])/g },
	{ id: "google-key", pattern: /(?<![A-Za-z0-9_-])ya29\.[A-Za-z0-9_-]{60,400}/g },
	{ id: "npm-token", pattern: /(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])/g, isHarmless: isExample },
	{
		id: "npm-token",
		pattern: /:_(?:authToken|password|auth)\s{0,3}=\s{0,3}["']?(?<secret>[A-Za-z0-9+/=_.-]{16,500})/g,
		isHarmless: isExample,
	},
	{ id: "pypi-token", pattern: /(?<![A-Za-z0-9_-])pypi-AgE[A-Za-z0-9_-]{50,500}/g },
	{ id: "huggingface-token", pattern: /(?<![A-Za-z0-9])hf_[A-Za-z]{34}(?![A-Za-z0-9])/g, isHarmless: isExample },
	{ id: "sendgrid-key", pattern: /(?<![A-Za-z0-9_.-])SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/g },
	{ id: "digitalocean-token", pattern: /(?<![A-Za-z0-9])do[opr]_v1_[a-f0-9]{64}(?![A-Za-z0-9])/g },
	{ id: "telegram-token", pattern: /(?<![A-Za-z0-9_:-])\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])/g },
	{ id: "azure-key", pattern: /AccountKey=(?<secret>[A-Za-z0-9+/]{86}==)/g },
	{
		id: "jwt",
		pattern: /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,4000}\.eyJ[A-Za-z0-9_-]{10,16000}\.[A-Za-z0-9_-]{20,2000}/g,
		// The sample of jwt.io: subject 1234567890, John Doe.
		isHarmless: (secret) => secret.includes(".eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lI"),
	},
	{
		id: "url-password",
		pattern: /[a-z0-9+]:\/\/[^\s:@/"'<>]{1,100}:(?<secret>[^\s:@/"'<>]{8,200})@[A-Za-z0-9[]/g,
		isHarmless: (secret) => isPlaceholder(secret) || !looksRandom(secret),
	},
	{
		id: "assigned-secret",
		pattern: new RegExp(
			`${NAME}[\\w-]{0,24}["'\`]?\\]?\\s{0,8}${ASSIGNED}\\s{0,8}["'\`](?<secret>[^"'\`\\s]{12,500})["'\`]`,
			"gi",
		),
		isHarmless: (secret) => isPlaceholder(secret) || !(looksRandom(secret) || isMixedPassword(secret)),
		byName: true,
	},
	{
		// A line of an .env, .ini or YAML file: no quotes, so the value alone must look like chance.
		id: "assigned-secret",
		pattern: new RegExp(
			`^[\\s-]{0,40}(?:export\\s{1,4})?[\\w.-]{0,40}?${NAME}[\\w.-]{0,24}\\s{0,8}${ASSIGNED}\\s{0,8}(?<secret>[A-Za-z0-9+/=_~.-]{16,500})\\s{0,8}(?:#.{0,1000})?$`,
			"gi",
		),
		isHarmless: (secret) => isPlaceholder(secret) || !looksRandom(secret),
		byName: true,
	},
];

const EXAMPLE = /example|placeholder|redacted|x{6}|\.\.\.|\*{3}|1234567890|your[-_]/i;
const PLACEHOLDER =
	/example|sample|dummy|placeholder|change_?me|replace|redacted|insert|your|my[-_]|fake|mock|test|todo|x{4}|\.\.\.|\*{3}|1234567|abcdef|process\.env|environ|getenv|secrets\.|vars\./i;
const TEMPLATE = /[$%#]\{|\{\{|^\$|<[^>]{1,80}>|%\(|%[sd]|^@|^!/;
const LOCATION = /^(?:\.{0,2}\/|~\/|https?:|file:|arn:|projects\/|vault:|op:|ref:|sha(?:1|256|384|512)[-:])|:\/\//;

/** A vendor's shape filled with nothing: documentation, not a key. */
function isExample(secret: string): boolean {
	return EXAMPLE.test(secret) || new Set(secret.slice(-16)).size < 5;
}

/** Text that stands where a secret will be: examples, template variables, references to where the secret is. */
function isPlaceholder(secret: string): boolean {
	return PLACEHOLDER.test(secret) || TEMPLATE.test(secret) || LOCATION.test(secret) || new Set(secret).size < 6;
}

/**
 * Whether chance rather than a person made this value: many different characters, and letters and digits changing
 * places again and again, which words, versions, paths and identifiers do not.
 */
function looksRandom(secret: string): boolean {
	const text = secret.slice(0, 200);
	let changes = 0;
	for (let index = 1; index < text.length; index += 1) {
		const before = classOf(text.charCodeAt(index - 1));
		const here = classOf(text.charCodeAt(index));
		changes +=
			before !== here && before !== "other" && here !== "other" && (before === "digit" || here === "digit") ? 1 : 0;
	}
	return changes >= 3 && changes >= text.length / 16 && entropy(text) >= (text.length < 20 ? 3 : 3.2);
}

/** What a password generator or a careful person makes: all four classes of characters, no spaces. */
function isMixedPassword(secret: string): boolean {
	return (
		secret.length <= 64 &&
		/[a-z]/.test(secret) &&
		/[A-Z]/.test(secret) &&
		/\d/.test(secret) &&
		/[!@#$%^&*?~+=]/.test(secret) &&
		!/[(){}[\],;<>|\\]/.test(secret)
	);
}

function classOf(code: number): "digit" | "letter" | "other" {
	if (code >= 48 && code <= 57) {
		return "digit";
	}
	return (code >= 65 && code <= 90) || (code >= 97 && code <= 122) ? "letter" : "other";
}

/** Bits per character. */
function entropy(text: string): number {
	const counts = new Map<string, number>();
	for (const character of text) {
		counts.set(character, (counts.get(character) ?? 0) + 1);
	}
	let bits = 0;
	for (const count of counts.values()) {
		bits -= (count / text.length) * Math.log2(count / text.length);
	}
	return bits;
}
