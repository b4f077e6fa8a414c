/**
 * @module The helper, following the plan of a test at its fault points and those of ledger and kernel.
 */
import { parseArguments, runHelper } from "../../host/helper/main.ts";
import { watchFaultPoints } from "../../host/spec/fault-points.ts";
import { followPlan, pidsSeenFromHelper } from "./watch.ts";

const options = parseArguments(process.argv.slice(2));
watchFaultPoints(followPlan(options.stateDir, pidsSeenFromHelper(options.stateDir)));
await runHelper(options);
