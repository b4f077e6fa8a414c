/**
 * @module Fields that a JSON text has more than once: JSON.parse keeps the last one and says nothing.
 */

/** A field that is there more than once. */
export interface DuplicateKey {
  /** Where: a JSON pointer. */
  readonly pointer: string;
  /** Its spellings in order. They differ in case alone, or not at all; the last one counts. */
  readonly spellings: readonly string[];
}

/** What of a JSON text matters here: texts, brackets, commas and colons. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]/gsu;

/** An object or array that is open. */
interface Open {
  readonly pointer: string;
  readonly isArray: boolean;
  /** By name in lower case. */
  readonly keys: Map<string, string[]>;
  /** Key, or index, of what comes next. */
  next: string;
}

/** Lists the fields that are there more than once, as Go takes names: whatever their case. The text is JSON. */
export function duplicateKeys(text: string): readonly DuplicateKey[] {
  const open: Open[] = [];
  const found: DuplicateKey[] = [];
  let key: string | undefined;
  for (const [token] of text.matchAll(TOKEN)) {
    const top = open.at(-1);
    if (token === "{" || token === "[") open.push(enter(top, token === "["));
    else if (token === "}" || token === "]") found.push(...duplicatesOf(open.pop()));
    else if (token === ",") advance(top);
    else if (token === ":") name(top, key);
    else key = JSON.parse(token) as string;
  }
  return found;
}

function enter(outer: Open | undefined, isArray: boolean): Open {
  const pointer = outer === undefined ? "" : `${outer.pointer}/${escape(outer.next)}`;
  return { pointer, isArray, keys: new Map(), next: isArray ? "0" : "" };
}

function advance(top: Open | undefined): void {
  if (top?.isArray === true) top.next = String(Number(top.next) + 1);
}

function name(top: Open | undefined, key: string | undefined): void {
  if (top === undefined || key === undefined) return;
  top.next = key;
  const known = top.keys.get(key.toLowerCase());
  if (known === undefined) top.keys.set(key.toLowerCase(), [key]);
  else known.push(key);
}

function duplicatesOf(closed: Open | undefined): readonly DuplicateKey[] {
  const several = [...(closed?.keys.values() ?? [])].filter((spellings) => spellings.length > 1);
  return several.map((spellings) => ({
    pointer: `${closed?.pointer ?? ""}/${escape(spellings[0] ?? "")}`,
    spellings,
  }));
}

function escape(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
