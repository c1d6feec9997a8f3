// The Gemini API, as Gemini CLI speaks it.
import {
	countOf,
	DONE,
	folderIn,
	type Json,
	listIn,
	MADE_TEXT,
	type ModelApi,
	madeIn,
	type Reply,
	textOf,
} from "./api.ts";

export const google: ModelApi = {
	name: "google",
	matches: (path) => /:(?:stream)?generateContent/i.test(path),
	read: (body, text) => ({
		tools: listIn(body.tools).flatMap((tool) => listIn(tool.functionDeclarations).map(({ name }) => textOf(name))),
		results: countOf(JSON.stringify(body.contents ?? []), /"functionResponse"/g),
		length: listIn(body.contents).length,
		model: "scripted",
		streamed: false,
		folder: folderIn(text),
	}),
	work(conversation) {
		const turns = [
			{
				text: "I will write the file.",
				calls: [{ name: "write_file", input: { file_path: madeIn(conversation), content: MADE_TEXT } }],
			},
			{ calls: [{ name: "run_shell_command", input: { command: "cat made.txt", description: "check" } }] },
			{ text: DONE, calls: [] },
		];
		return turns.filter(({ calls }) => calls.every(({ name }) => conversation.tools.includes(name)));
	},
	/** Its questions beside the work want JSON: which model to take, who speaks next. */
	small(body) {
		const settings = body.generationConfig as Json | undefined;
		const wantsJson = settings?.responseSchema !== undefined || settings?.responseJsonSchema !== undefined;
		const answer = {
			reasoning: "x",
			model_choice: "flash",
			complexity_reasoning: "x",
			complexity_score: 1,
			next_speaker: "user",
		};
		return { text: wantsJson ? JSON.stringify(answer) : "ok", calls: [] };
	},
	write(turn, { results }, path) {
		const parts = [
			...(turn.text === undefined ? [] : [{ text: turn.text }]),
			...turn.calls.map(({ name, input }, index) => ({
				functionCall: { id: `g${results}_${index}`, name, args: input },
			})),
		];
		const candidates = [{ content: { role: "model", parts }, finishReason: "STOP", index: 0 }];
		const answer = { candidates, usageMetadata: USAGE, modelVersion: "scripted" };
		return /:stream/i.test(path) ? { events: [[null, answer]] } : { status: 200, json: answer };
	},
	refuse(mode): Reply {
		if (mode === "e401") return refusal(401, "UNAUTHENTICATED", "API key not valid. Please pass a valid API key.");
		if (mode === "failed") return refusal(400, "INVALID_ARGUMENT", "The request cannot be carried out.");
		const message =
			"You exceeded your current quota, please check your plan and billing details. Please retry in 3600s.";
		const quotaId = "GenerateRequestsPerDayPerProjectPerModel-FreeTier";
		const quotaMetric = "generativelanguage.googleapis.com/generate_content_free_tier_requests";
		return refusal(429, "RESOURCE_EXHAUSTED", message, [
			{ "@type": "type.googleapis.com/google.rpc.QuotaFailure", violations: [{ quotaMetric, quotaId }] },
			{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "3600s" },
		]);
	},
};

const USAGE = {
	promptTokenCount: 100,
	candidatesTokenCount: 10,
	totalTokenCount: 115,
	cachedContentTokenCount: 40,
	thoughtsTokenCount: 5,
};

function refusal(code: number, status: string, message: string, details?: readonly unknown[]): Reply {
	return { status: code, json: { error: { code, message, status, ...(details === undefined ? {} : { details }) } } };
}
