/**
 * @module Takes from this process what generated code has no use for. A seat belt: the fence around the process is the helper's.
 */

/** Globals that lead outside, or to other code. */
const REMOVED: readonly string[] = [
  "fetch",
  "Request",
  "Response",
  "Headers",
  "FormData",
  "WebSocket",
  "EventSource",
  "CloseEvent",
  "MessageEvent",
  "MessageChannel",
  "MessagePort",
  "BroadcastChannel",
  "Worker",
  "navigator",
  "Navigator",
  "localStorage",
  "sessionStorage",
  "Storage",
  "process",
  "require",
  "module",
  "global",
];

/** Removes globals, and makes the console silent: the descriptors for output are not the guest's. */
export function removeGlobals(): void {
  for (const name of REMOVED) Reflect.deleteProperty(globalThis, name);
  for (const name of Object.keys(console)) Reflect.set(console, name, silent);
}

function silent(): void {
  // Nothing listens to what generated code has to say: guests have the interface `log`.
}
