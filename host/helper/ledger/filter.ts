/**
 * @module Builds WHERE clauses from the fields of a filter.
 */

/** A clause and its values, in order. */
export interface Where {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** What a column must be: one value, or one of several; `undefined`: anything. */
export type Wanted = string | number | readonly string[] | undefined;

/** Joins the columns whose value is given. Column names are literals of the caller's, never input. */
export function whereOf(columns: Readonly<Record<string, Wanted>>): Where {
  const given = Object.entries(columns).filter(
    (entry): entry is [string, Exclude<Wanted, undefined>] => entry[1] !== undefined,
  );
  const sql = given.map(([column, value]) => `${column} ${conditionOf(value)}`).join(" AND ");
  return { sql: sql === "" ? "1" : sql, values: given.flatMap(([, value]) => value) };
}

function conditionOf(value: Exclude<Wanted, undefined>): string {
  return typeof value === "object" ? `IN (${value.map(() => "?").join(", ")})` : "= ?";
}
