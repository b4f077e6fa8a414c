/**
 * @module The version of this package. A test holds it to package.json, which no bundle has beside it.
 */

export const VERSION = "0.1.0";
