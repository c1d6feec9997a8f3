// The kinds of things that preflight looks for, and the look itself.
// Invariant: looking starts no program and writes nothing; what cannot be told is "unknown", never "ok".

import { accessSync, constants, existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { Environment } from "../../config/environment.ts";
import type { PreflightItem } from "../../config/preflight-file.ts";
import { findProgram } from "./find-program.ts";

export type PreflightStatus = "ok" | "missing" | "unknown";

export interface Look {
	readonly status: PreflightStatus;
	/** What was found, or what is wrong; null when the status says it all. */
	readonly detail: string | null;
}

export interface PreflightPlace {
	readonly env: Environment;
	/** Where relative paths begin. */
	readonly root: string;
}

const HTTP_MS = 2_000;

/** Looks for one thing that the user's own file names. */
export async function lookFor({ kind, target, model }: PreflightItem, place: PreflightPlace): Promise<Look> {
	switch (kind) {
		case "bin": {
			const found = findProgram(target, place.env.PATH ?? "");
			if (found === undefined) return { status: "unknown", detail: `Which file ${target} is depends on the folder.` };
			return found === null ? missing(`${target} is not on PATH.`) : { status: "ok", detail: found };
		}
		case "env_set":
			return (place.env[target] ?? "") === "" ? missing(`${target} is not set.`) : OK;
		case "fs_exists":
			return existsSync(pathOf(target, place)) ? OK : missing(`There is no ${target}.`);
		case "fs_read":
			return accessible(target, place, constants.R_OK, "read");
		case "fs_write":
			return accessible(target, place, constants.W_OK, "written");
		case "http":
			return await answering(target);
		case "model_loaded":
			return await modelLoaded(target, model ?? null);
	}
}

const OK: Look = { status: "ok", detail: null };

function missing(detail: string): Look {
	return { status: "missing", detail };
}

function pathOf(target: string, { env, root }: PreflightPlace): string {
	if (target === "~" || target.startsWith("~/")) return join(env.HOME ?? "/", target.slice(1));
	return isAbsolute(target) ? target : join(root, target);
}

function accessible(target: string, place: PreflightPlace, mode: number, what: string): Look {
	const path = pathOf(target, place);
	if (!existsSync(path)) return missing(`There is no ${target}.`);
	try {
		accessSync(path, mode);
		return OK;
	} catch {
		return missing(`${target} cannot be ${what}.`);
	}
}

/** Any answer that is no failure of the server's own counts: it is there. */
async function answering(url: string): Promise<Look> {
	const response = await got(url);
	if (response === null) return missing(`${url} does not answer.`);
	await response.body?.cancel();
	return response.status < 500 ? OK : missing(`${url} answers with ${response.status}.`);
}

/** `url` is the base of a server that speaks OpenAI's protocol; without a model, any will do. */
async function modelLoaded(url: string, model: string | null): Promise<Look> {
	const response = await got(`${url.replace(/\/+$/, "")}/v1/models`);
	if (response === null) return missing(`${url} does not answer.`);
	const body = (await response.json().catch(() => null)) as { data?: { id?: unknown }[] } | null;
	const ids = Array.isArray(body?.data) ? body.data.map(({ id }) => id) : null;
	if (ids === null) return { status: "unknown", detail: `${url} does not say which models it has.` };
	const there = model === null ? ids.length > 0 : ids.includes(model);
	return there ? OK : missing(model === null ? `${url} has no model.` : `${url} has no model ${model}.`);
}

async function got(url: string): Promise<Response | null> {
	try {
		return await fetch(url, { signal: AbortSignal.timeout(HTTP_MS), redirect: "manual" });
	} catch {
		return null;
	}
}
