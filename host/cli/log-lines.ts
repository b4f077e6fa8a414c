/**
 * @module The audit log as lines for people: what each record says, and below a call what it did. `--json` has the records whole.
 */
import { isJsonArray, isJsonObject } from "../spec/json.ts";
import type { JsonObject, JsonValue } from "../spec/json.ts";
import type { AuditRow } from "../index.ts";
import { dim, formatTable } from "./table.ts";
import type { PrintStyle } from "./table.ts";

const MICROSECONDS_PER_MILLISECOND = 1000;

/** Gives the lines: when, which call, about whom, what. */
export function formatLog(rows: readonly AuditRow[], style: PrintStyle): string[] {
  if (rows.length === 0) return [dim("(nothing is on record)", style)];
  const cells = rows.flatMap((row) => {
    const [first = "", ...more] = describe(row);
    const about = [row.network, row.containerId, row.ifname].filter((part) => part !== "").join("/");
    return [
      [new Date(row.timeMs).toISOString(), row.operationId.slice(0, 8), about, first],
      ...more.map((text) => ["", "", "", `  ${text}`]),
    ];
  });
  return formatTable(["TIME", "CALL", "ATTACHMENT", "WHAT"], cells, style);
}

/** Says what a record is about; what is not known is shown as it is. */
function describe({ event, data }: AuditRow): string[] {
  const record = objectOf(JSON.parse(data) as JsonValue);
  switch (event) {
    case "begin":
      return [
        `${text(record["verb"])} by ${text(record["origin"])}: ${list(record["types"])}, ${text(record["netns"])}`,
      ];
    case "call":
      return describeCall(record);
    case "legacy-call":
      return describeLegacyCall(record);
    case "end":
      return [`${text(record["verb"])} ${text(record["outcome"])}`, ...strings(record["failures"])];
    default:
      return [`${event}: ${data}`];
  }
}

function describeCall(record: JsonObject): string[] {
  const error = objectOf(record["error"]);
  const failed = error["message"] === undefined ? "" : `: ${text(error["message"])} (code ${text(error["code"])})`;
  const given = strings(record["addresses"]);
  const log = objects(record["log"]).map(({ level, message }) => `${text(level)}: ${text(message)}`);
  return [
    `${text(record["type"])} ${text(record["outcome"])}${failed}${given.length === 0 ? "" : `, gave ${given.join(", ")}`}`,
    ...objects(record["operations"]).map(describeOperation),
    ...strings(record["refusals"]).map((why) => `refused: ${why}`),
    ...log,
  ];
}

function describeLegacyCall(record: JsonObject): string[] {
  const error = objectOf(record["error"]);
  const failed = error["message"] === undefined ? "" : `: ${text(error["message"])} (code ${text(error["code"])})`;
  const given = strings(record["addresses"]);
  const gave = given.length === 0 ? "" : `, gave ${given.join(", ")}`;
  const what = `${text(record["type"])} ${text(record["verb"])} by ${text(record["path"])}, ${text(record["isolation"])}`;
  return [
    `${what}, ${text(record["outcome"])}${failed}${gave}`,
    ...(text(record["stderr"]) === "" ? [] : [`stderr: ${text(record["stderr"])}`]),
  ];
}

function describeOperation({ operation, outcome, microseconds }: JsonObject): string {
  const milliseconds = (Number(microseconds) / MICROSECONDS_PER_MILLISECOND).toFixed(2);
  return `${text(operation)} ${outcome === "ok" ? "" : `${text(outcome)} `}${milliseconds} ms`;
}

function text(value: JsonValue | undefined): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function list(value: JsonValue | undefined): string {
  return strings(value).join(" + ");
}

function strings(value: JsonValue | undefined): string[] {
  return isJsonArray(value) ? value.filter((each) => typeof each === "string") : [];
}

function objects(value: JsonValue | undefined): JsonObject[] {
  return isJsonArray(value) ? value.filter(isJsonObject) : [];
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
