// Random histories of clones that merge by plain git, as a forge does or a colleague without msgcode: each merge is clean and
// right, or an honest conflict. What a history is: test/histories.
import { histories } from "../histories/in-tests.ts";

histories({ driver: false, counts: { two: 14, running: 2, several: 10 } });
