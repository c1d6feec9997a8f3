// Which model of the local server answers.
// Invariant: a model that the task names is the one that is asked; only "auto" leaves the choice to what the server has.

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
	const { data } = objectIn(text);
	if (!Array.isArray(data)) return null;
	return data.flatMap((entry: unknown) => {
		const { id, type, state } = (entry ?? {}) as Record<string, unknown>;
		const answers = type !== "embeddings" && !(type === undefined && /embed/i.test(String(id)));
		if (typeof id !== "string" || id === "" || !answers) return [];
		return [{ id, loaded: typeof state === "string" ? state === "loaded" : null }];
	});
}

/** What an error answer says, in the forms that such servers use. */
export function errorIn(text: string): Pick<Refusal, "code" | "message"> {
	const { error } = objectIn(text);
	if (typeof error === "string") return { code: null, message: error };
	const { code, message } = (error ?? {}) as Record<string, unknown>;
	return {
		code: typeof code === "string" ? code : null,
		message: typeof message === "string" ? message : text.slice(0, 2_000),
	};
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
	} catch {
		return {};
	}
}
