/**
 * @module A simple reader of the files in `wit/`: enough of the language to look at documentation. Assumes one item a line, as the house writes them.
 */

/** One item, with what stands above it. */
export interface WitItem {
  readonly kind: "interface" | "world" | "func" | "record" | "enum" | "variant" | "type" | "resource" | "case";
  readonly name: string;
  /** Lines of its doc comment. */
  readonly docs: readonly string[];
  readonly since: boolean;
  /** Name of the record, enum or variant that a case or field is in; `undefined` for items of an interface. */
  readonly parent: string | undefined;
}

const OPENING = /^(interface|world|record|enum|variant|resource|type)\s+%?([a-z0-9-]+)/u;
const FUNCTION = /^%?([a-z0-9-]+):\s*func\(/u;
const CASE = /^%?([a-z0-9-]+)(?:\(.*\)|:.*)?,$/u;

/** Lists the items of one file, in order. */
export function readItems(text: string): WitItem[] {
  const items: WitItem[] = [];
  let docs: string[] = [];
  let since = false;
  let parent: string | undefined;
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (line.startsWith("///")) docs.push(line.slice(3).trim());
    else if (line.startsWith("@since(")) since = true;
    else {
      const item = readItem(line, parent);
      if (item !== undefined) items.push({ ...item, docs, since, parent });
      if (line === "}") parent = undefined;
      else if (/^(record|enum|variant)\s.*\{$/u.test(line)) parent = item?.name;
      docs = [];
      since = false;
    }
  }
  return items;
}

/** Splits a file's functions' documented error cases off: the names between backquotes at the start of a bullet under `# Errors`. */
export function readErrorCases(docs: readonly string[]): string[] {
  const start = docs.indexOf("# Errors");
  if (start < 0) return [];
  return docs.slice(start + 1).flatMap((line) => /^- `([a-z0-9-]+)`:/u.exec(line)?.[1] ?? []);
}

function readItem(line: string, parent: string | undefined): Pick<WitItem, "kind" | "name"> | undefined {
  if (parent !== undefined) {
    const name = CASE.exec(line)?.[1];
    return name === undefined ? undefined : { kind: "case", name };
  }
  const opening = OPENING.exec(line);
  if (opening?.[1] !== undefined && opening[2] !== undefined)
    return { kind: opening[1] as WitItem["kind"], name: opening[2] };
  const name = FUNCTION.exec(line)?.[1];
  return name === undefined ? undefined : { kind: "func", name };
}
