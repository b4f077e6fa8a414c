/**
 * @module The plugin `ptp` over the imports it is given: a veth pair, one end in the container, the other its gateway on the node.
 */
import { deletePair } from "../sdk/deletion.ts";
import type { PluginExports } from "../sdk/index.ts";
import { addAttachment } from "./add.ts";
import { checkAttachment } from "./check.ts";
import type { PtpImports } from "./imports.ts";

/** Binds the plugin to its imports. */
export function createPtp(imports: PtpImports): NonNullable<PluginExports["attachment"]> {
  return {
    add: (request, container) => addAttachment(imports, request, container),
    del: (request, container) => deletePair(imports, request, container),
    check: (request, container) => checkAttachment(imports, request, container),
  };
}
