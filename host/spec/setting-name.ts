/**
 * @module Names of the network's settings, as `sysctl` has them: `net.ipv4.conf.eth0.arp_filter`. A dot inside a link's name is written as a slash. Pure.
 */

/** Longest name, in UTF-16 units: far more than any that there is. */
const NAME_MAX_LENGTH = 255;
/** What is no part of a path. */
const NO_SEGMENT: readonly string[] = ["", ".", ".."];
/** What stands for the call's own link. Source: the reference plugin `tuning`. */
const OWN_LINK = "IFNAME";

/**
 * Splits a name into the parts of its path below /proc/sys, the first of which is `net`. `undefined`: no name of a setting of the network.
 * Does not trust: the name may be anything.
 */
export function settingSegments(name: string): readonly string[] | undefined {
  // A control character is in no name; NUL would end the path.
  if (name.length > NAME_MAX_LENGTH || /\p{Cc}/u.test(name)) return undefined;
  const segments = name.split(".").map((segment) => segment.replaceAll("/", "."));
  const isName = segments.length > 1 && segments[0] === "net" && !segments.some((each) => NO_SEGMENT.includes(each));
  return isName ? segments : undefined;
}

/**
 * Gives the name that a key of a configuration means for a call: slashes separate as dots do, and the first `IFNAME` is the call's link.
 * Source: the reference plugin `tuning`.
 */
export function settingNameOf(key: string, ifname: string): string {
  return key.replaceAll("/", ".").replace(OWN_LINK, () => ifname.replaceAll(".", "/"));
}
