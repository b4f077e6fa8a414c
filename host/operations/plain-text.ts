/**
 * @module Text of plugins, as it may be printed.
 */

/** Cuts a text and replaces its control characters: it is printed on terminals. */
export function plainText(text: unknown, maxCharacters: number): string {
  return String(text)
    .slice(0, maxCharacters)
    .replaceAll(/(?![\t\n])\p{Cc}/gu, "\ufffd");
}
