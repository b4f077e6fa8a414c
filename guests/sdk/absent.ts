/**
 * @module What is absent. The engine's adapter lifts an `option` without a value as null; the generated types, and so plugins, say undefined.
 */

/** Puts undefined wherever a field, or an element, is null, and gives the value. Leaves bytes and resources as they are. */
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

/** Works in place: what the adapter lifts is nobody else's. */
function replaceNulls(value: unknown): unknown {
  if (value === null) return undefined;
  if (typeof value !== "object" || !isPlain(value)) return value;
  const fields = value as Record<string, unknown>;
  for (const key in fields) {
    const field = fields[key];
    if (typeof field === "object") fields[key] = replaceNulls(field);
  }
  return value;
}

function isPlain(value: object): boolean {
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}
