// Every runner that the contract is held against; a new one is a row here.
import type { Subject } from "../subject.ts";
import { exec, shell } from "./ordinary.ts";
import { userFolder } from "./user-folder.ts";

export const subjects: readonly Subject[] = [shell, exec, userFolder];
