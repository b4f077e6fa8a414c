/**
 * @module Arguments of `host-ports.publish`, as a guest sends them.
 */

/** How ports are published where the test is not about it. */
export const PUBLISH_OPTIONS = { sourceTranslation: "local" };

/** TCP port 8080 of the node, to port 80 of an address. */
export const webPort = <Prefix>(containerAddress: Prefix) => ({
  protocol: "tcp",
  hostPort: 8080,
  containerAddress,
  containerPort: 80,
});
