/**
 * @module Builds WHERE clauses from the fields of a filter.
 */

/** A clause and its values, in order. */
export interface Where {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** Joins the columns whose value is given. Column names are literals of the caller's, never input. */
export function whereOf(columns: Readonly<Record<string, string | number | undefined>>): Where {
  const given = Object.entries(columns).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
  const sql = given.map(([column]) => `${column} = ?`).join(" AND ");
  return { sql: sql === "" ? "1" : sql, values: given.map(([, value]) => value) };
}
