// Which model of the local server answers.
// Invariant: a model that the task names is the one that is asked; only "auto" leaves the choice to what the server has.

import { objectIn, objectsIn, textIn } from "../../json-value.ts";
import type { ServiceCall } from "../service-call.ts";
import { below, callService, textOf } from "../service-call.ts";
import type { Refusal } from "./verdict.ts";

const LIST_BYTES = 4 * 1024 * 1024;
const SILENCE_MS = 10_000;

export interface ListedModel {
	readonly id: string;
	/** Null where the server does not say. */
	readonly loaded: boolean | null;
}

export interface Server {
	readonly base: URL;
	readonly headers: ServiceCall["headers"];
	readonly stop: AbortSignal;
}

/** What the server lists; or its refusal. Throws ServiceFailure. */
export async function listModels({ base, headers, stop }: Server): Promise<ListedModel[] | Refusal> {
	const list = async (...path: string[]) => {
		const answer = await callService({
			method: "GET",
			url: below(base, ...path),
			headers: headers ?? {},
			silenceMs: SILENCE_MS,
			stop,
		});
		const text = await textOf(answer, LIST_BYTES);
		return { answer, text, path: `/${path.join("/")}` };
	};
	// LM Studio's own list knows which are loaded; other servers answer it with an error.
	const own = await list("api", "v0", "models");
	const models = own.answer.status === 200 ? modelsIn(own.text) : null;
	if (models !== null) return models;
	const { answer, text, path } = await list("v1", "models");
	const known = answer.status === 200 ? modelsIn(text) : null;
	return known ?? { status: answer.status, path, retryAtMs: answer.retryAtMs, ...errorIn(text) };
}

/** The model for "auto": one that is loaded, else the first; null where there is none. */
export function chooseModel(models: readonly ListedModel[]): string | null {
	return (models.find(({ loaded }) => loaded === true) ?? models[0])?.id ?? null;
}

/** The models of a list that can answer; null when the text is no list. */
export function modelsIn(text: string): ListedModel[] | null {
	const { data } = parsed(text);
	if (!Array.isArray(data)) return null;
	return objectsIn(data).flatMap(({ id, type, state }) => {
		const answers = type !== "embeddings" && !(type === undefined && /embed/i.test(String(id)));
		if (typeof id !== "string" || id === "" || !answers) return [];
		return [{ id, loaded: typeof state === "string" ? state === "loaded" : null }];
	});
}

/** What an error answer says, in the forms that such servers use. */
export function errorIn(text: string): Pick<Refusal, "code" | "message"> {
	const { error } = parsed(text);
	if (typeof error === "string") return { code: null, message: error };
	const { code, param, message } = objectIn(error) ?? {};
	// LM Studio names no code, but the field of the request that it objects to.
	const own = textIn(code) ?? (param === "model" ? "model_not_found" : null);
	return { code: own, message: textIn(message) ?? text.slice(0, 2_000) };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
	try {
		return objectIn(JSON.parse(text)) ?? {};
	} catch {
		return {};
	}
}
