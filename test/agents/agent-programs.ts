// The agent programs that msgcode knows: where they come from, and how each is pointed at the scripted model.
// Invariant: everything that a program reads or writes about its user is below `home`.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface AgentProgram {
	/** The runner's id, which is also the program's name. */
	readonly id: string;
	readonly packageName: string;
	/** Prepares `home` and gives the variables of a user who is signed in to the model at `address`. */
	signIn(home: string, address: string): Readonly<Record<string, string>>;
	/** It tells the time of a plan's end in a form made for machines. */
	readonly limitHasTime?: boolean;
	/** Variables of a user who never signed in; null where the program would then ask a vendor's service. */
	readonly signedOut: ((home: string, address: string) => Readonly<Record<string, string>>) | null;
}

const KEY = "scripted-key";

export const agentPrograms: readonly AgentProgram[] = [
	{
		id: "claude",
		packageName: "@anthropic-ai/claude-code",
		// A plan's limit, with the time of its end, is told to those who are signed in to a plan, not to a key.
		signIn: (home, address) => ({
			...claudeAt(home, address),
			...(address.endsWith("/usage") ? { CLAUDE_CODE_OAUTH_TOKEN: KEY } : { ANTHROPIC_API_KEY: KEY }),
		}),
		limitHasTime: true,
		signedOut: claudeAt,
	},
	{
		id: "codex",
		packageName: "@openai/codex",
		signIn(home, address) {
			const folder = join(home, ".codex");
			// Its own retries would hide for a long time what the model said.
			const provider = `name = "scripted"\nbase_url = "${address}/v1"\nwire_api = "responses"\nenv_key = "OPENAI_API_KEY"\nrequest_max_retries = 1\nstream_max_retries = 1\n`;
			const settings = `model = "scripted"\nmodel_provider = "scripted"\ncheck_for_update_on_startup = false\n\n[analytics]\nenabled = false\n\n[model_providers.scripted]\n${provider}`;
			write(join(folder, "config.toml"), settings);
			return { CODEX_HOME: folder, OPENAI_API_KEY: KEY };
		},
		signedOut: null,
	},
	{
		id: "opencode",
		packageName: "opencode-ai",
		signIn(home, address) {
			const options = { baseURL: `${address}/v1`, apiKey: KEY };
			const models = { scripted: { name: "Scripted", tool_call: true, limit: { context: 200_000, output: 8_000 } } };
			const scripted = { npm: "@ai-sdk/openai-compatible", name: "Scripted", options, models };
			const settings = { model: "scripted/scripted", autoupdate: false, share: "disabled", provider: { scripted } };
			write(join(home, ".config/opencode/opencode.json"), JSON.stringify(settings));
			return { OPENCODE_DISABLE_MODELS_FETCH: "1", OPENCODE_DISABLE_AUTOUPDATE: "1" };
		},
		signedOut: null,
	},
	{
		id: "gemini",
		packageName: "@google/gemini-cli",
		signIn: (home, address) => ({ ...geminiAt(home, address, "gemini-api-key"), GEMINI_API_KEY: KEY }),
		signedOut: (home, address) => geminiAt(home, address, null),
	},
];

function claudeAt(home: string, address: string): Record<string, string> {
	const folder = join(home, ".claude");
	mkdirSync(folder, { recursive: true });
	// Its own retries, with their pauses, would hide for minutes what the model said.
	const quick = { CLAUDE_CODE_MAX_RETRIES: "1", CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1" };
	return { CLAUDE_CONFIG_DIR: folder, ANTHROPIC_BASE_URL: address, ...quick };
}

function geminiAt(home: string, address: string, login: string | null): Record<string, string> {
	const settings = {
		general: { disableAutoUpdate: true, disableUpdateNag: true },
		privacy: { usageStatisticsEnabled: false },
		telemetry: { enabled: false },
		...(login === null ? {} : { security: { auth: { selectedType: login } } }),
	};
	write(join(home, ".gemini/settings.json"), JSON.stringify(settings));
	return { GOOGLE_GEMINI_BASE_URL: address };
}

function write(file: string, content: string): void {
	mkdirSync(dirname(file), { recursive: true });
	writeFileSync(file, content);
}
