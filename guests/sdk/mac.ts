/**
 * @module Hardware addresses, in the shape that the contract has them.
 */

/** A hardware address: 6 octets, as sent on the wire. */
export type MacAddress = [number, number, number, number, number, number];

/** Colons, hyphens, or groups of four digits between dots: the forms that the reference plugins read. */
const FORMS = /^(?:[0-9a-f]{2}(?::[0-9a-f]{2}){5}|[0-9a-f]{2}(?:-[0-9a-f]{2}){5}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2})$/iu;

/** Reads `aa:bb:cc:dd:ee:ff`, also with hyphens or as `aabb.ccdd.eeff`; `undefined` when the text is none of these. */
export function readMac(text: string): MacAddress | undefined {
  if (!FORMS.test(text)) return undefined;
  const digits = text.replaceAll(/[:.-]/gu, "");
  const octet = (index: number): number => Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16);
  return [octet(0), octet(1), octet(2), octet(3), octet(4), octet(5)];
}

/** Writes a hardware address: lower case, with colons. */
export function formatMac(mac: MacAddress): string {
  return mac.map((octet) => octet.toString(16).padStart(2, "0")).join(":");
}

/** Tells whether two hardware addresses are the same one. */
export function macsEqual(a: MacAddress, b: MacAddress): boolean {
  return a.every((octet, index) => octet === b[index]);
}
