// msgcode's own drivers by the id of their runner; each is loaded only where it runs.

import type { Driver } from "./driver.ts";

export const drivers: Readonly<Record<string, () => Promise<Driver>>> = {};
