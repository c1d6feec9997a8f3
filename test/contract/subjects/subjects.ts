// Every runner that the contract is held against; a new one is a row here.
import { hasTmux } from "../../support/tmux.ts";
import type { Subject } from "../subject.ts";
import { acp } from "./acp.ts";
import { claude, codex, gemini, opencode } from "./agents.ts";
import { exec, shell } from "./ordinary.ts";
import { http, lmstudio } from "./services.ts";
import { tmux } from "./tmux.ts";
import { userFolder } from "./user-folder.ts";

/** Without tmux its part says so itself and is left out. */
export const subjects: readonly Subject[] = [
	shell,
	exec,
	userFolder,
	claude,
	codex,
	opencode,
	gemini,
	acp,
	lmstudio,
	http,
	...(hasTmux ? [tmux] : []),
];
