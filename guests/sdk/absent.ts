/**
 * @module What is absent. The engine's adapter lifts an `option` without a value as null; the generated types, and so plugins, say undefined.
 */

/** Gives a value with undefined wherever a field, or an element, is null. Leaves bytes and resources as they are. */
export function withoutNulls<Value>(value: Value): Value {
  return replaceNulls(value) as Value;
}

/** Gives the functions of an imported interface, with what they return freed of null. */
export function importsWithoutNulls<Functions extends object>(imports: Functions): Functions {
  const wrapped: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(imports)) {
    wrapped[name] = typeof member === "function" ? (...args: unknown[]) => replaceNulls(member(...args)) : member;
  }
  return wrapped as Functions;
}

function replaceNulls(value: unknown): unknown {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map(replaceNulls);
  if (typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, replaceNulls(field)]));
}
