// Random histories of clones in which `msgcode init` registered the merge driver: a conflict only where both sides changed one
// value, and everything else the same whichever side merges. What a history is: test/histories.
import { histories } from "../histories/in-tests.ts";

histories({ driver: true, counts: { two: 19, running: 3, several: 12 } });
