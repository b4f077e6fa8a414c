/**
 * @module An image for containers, made of one program: no registry is asked.
 */
import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { createFolderIn } from "./node.ts";
import type { Node } from "./node.ts";

/** Name of the image. */
export const IMAGE = "localhost/cnidaria-test:latest";

const BUSYBOX = "/bin/busybox";
const APPLETS = ["sh", "ip", "ping", "sleep", "httpd", "wget", "hostname"] as const;

/** Makes a container's root of busybox, and gives an archive of it. */
export function createRootArchive(node: Node): string {
  const root = createFolderIn(node, "root");
  for (const folder of ["bin", "etc", "proc", "sys", "dev", "tmp", "www"]) mkdirSync(join(root, folder));
  cpSync(BUSYBOX, join(root, "bin/busybox"));
  for (const applet of APPLETS) symlinkSync("busybox", join(root, "bin", applet));
  node.write(join(root, "www/index.html"), "reached\n");
  const archive = join(node.folder, "root.tar");
  node.must(["tar", "-C", root, "-cf", archive, "."]);
  return archive;
}

/** Makes podman's settings fit a machine without systemd, and imports the image. */
export function preparePodman(node: Node): void {
  node.write(
    "/etc/containers/storage.conf",
    '[storage]\ndriver = "vfs"\ngraphroot = "/var/lib/containers/storage"\nrunroot = "/run/containers/storage"\n',
  );
  node.write(
    "/etc/containers/containers.conf.d/test.conf",
    [
      "[engine]",
      'runtime = "runc"',
      'cgroup_manager = "cgroupfs"',
      'events_logger = "file"',
      "[containers]",
      'default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]',
      "",
    ].join("\n"),
  );
  const command = 'CMD ["/bin/sleep", "1000"]';
  node.must(["podman", "import", "--quiet", "--change", command, createRootArchive(node), IMAGE]);
}

/** Makes the image as an archive that containerd imports. */
export function createImageArchive(node: Node): string {
  preparePodman(node);
  const archive = join(node.folder, "image.tar");
  node.must(["podman", "save", "--quiet", "--format", "oci-archive", "-o", archive, IMAGE]);
  return archive;
}
