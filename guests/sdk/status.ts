/**
 * @module STATUS: whatever stands in the way of ADD is reported as one thing.
 */
import { CODES, fail, toPluginError } from "./errors.ts";

/**
 * Reads what ADD would read. Source: CNI SPEC 1.1.0, section 2, "STATUS".
 * @throws {PluginFailure} code 50, with the message of what `read` threw.
 */
export function readForStatus<Configuration>(read: () => Configuration): Configuration {
  try {
    return read();
  } catch (caught) {
    const { message, details } = toPluginError(caught);
    return fail(CODES.pluginUnavailable, message, details);
  }
}
