/**
 * @module Which of the measurements are made.
 */

/** Gives those that are named, or all where none is. @throws {Error} for a name that none has: nothing would be measured and no bound missed. */
export function select<Measure>(
  all: Readonly<Record<string, Measure>>,
  names: readonly string[],
): readonly (readonly [name: string, measure: Measure])[] {
  const unknown = names.filter((name) => !Object.hasOwn(all, name));
  if (unknown.length > 0)
    throw new Error(`no measurement is called ${unknown.join(" or ")}; there are ${Object.keys(all).join(", ")}`);
  return Object.entries(all).filter(([name]) => names.length === 0 || names.includes(name));
}
