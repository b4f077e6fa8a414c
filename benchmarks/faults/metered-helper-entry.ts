/**
 * @module A helper that measures what its database takes: beside the state directory it writes the microseconds so far, when a verb has ended.
 */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync, StatementSync } from "node:sqlite";
import { parseArguments, runHelper } from "../../host/helper/main.ts";
import { watchFaultPoints } from "../../host/spec/fault-points.ts";

let microseconds = 0;

/** Measures every call of a method. */
function meter(prototype: object, name: string): void {
  const original = Reflect.get(prototype, name) as (...args: unknown[]) => unknown;
  const metered = function (this: unknown, ...args: unknown[]): unknown {
    const startedAt = performance.now();
    try {
      return Reflect.apply(original, this, args);
    } finally {
      microseconds += (performance.now() - startedAt) * 1000;
    }
  };
  Object.defineProperty(prototype, name, { value: metered });
}

for (const name of ["run", "all", "get"]) meter(StatementSync.prototype, name);
for (const name of ["exec", "prepare"]) meter(DatabaseSync.prototype, name);

const options = parseArguments(process.argv.slice(2));
const file = join(dirname(options.stateDir), "ledger-microseconds");
watchFaultPoints((point, detail) => {
  if (point === "helper.method:after" && detail === "end-operation") writeFileSync(file, String(microseconds));
});
await runHelper(options);
