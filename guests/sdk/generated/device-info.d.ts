// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
declare module 'cnidaria:plugin/device-info@0.1.0' {
  /**
   * Reads what the device plugin said about the call's `deviceID`.
   *
   * Needs grant: `device-info`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover it.
   * - `not-found`: nothing is known of the `deviceID`, or the call has none.
   * - `unreadable`: what is stored cannot be understood.
   */
  export function read(): DeviceDescription;
  /**
   * Stores what is known of the attachment's device, in place of what was stored; it goes when the attachment does.
   *
   * Needs grant: `device-info` with `write`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover writing.
   * - `unavailable`: the store cannot be written now.
   */
  export function write(device: DeviceDescription): void;
  /**
   * Why an operation on a device's description failed.
   * # Variants
   *
   * ## `"not-permitted"`
   *
   * The grant does not cover it.
   * ## `"not-found"`
   *
   * Nothing is known of the call's `deviceID`.
   * ## `"unreadable"`
   *
   * What is stored cannot be understood.
   * ## `"unavailable"`
   *
   * The store cannot be written now.
   */
  export type ErrorCode = 'not-permitted' | 'not-found' | 'unreadable' | 'unavailable';
  /**
   * A device on the PCI bus.
   */
  export interface PciDevice {
    /**
     * Its PCI address.
     */
    pciAddress: string,
    /**
     * Its vhost-net device, where it has one.
     */
    vhostNet?: string | undefined,
    /**
     * Its RDMA device, where it has one.
     */
    rdmaDevice?: string | undefined,
    /**
     * PCI address of the physical function that it belongs to.
     */
    pfPciAddress?: string | undefined,
    /**
     * Name of its representor on the node.
     */
    representorDevice?: string | undefined,
  }
  /**
   * A device of the vDPA framework.
   */
  export interface VdpaDevice {
    /**
     * Name of its parent device.
     */
    parentDevice: string,
    /**
     * Its driver: `vhost` or `virtio`.
     */
    driver: string,
    /**
     * Its path in the container.
     */
    path: string,
    /**
     * Its PCI address, where it has one.
     */
    pciAddress?: string | undefined,
    /**
     * PCI address of the physical function that it belongs to.
     */
    pfPciAddress?: string | undefined,
    /**
     * Name of its representor on the node.
     */
    representorDevice?: string | undefined,
  }
  /**
   * A socket that carries packets: vhost-user or memif.
   */
  export interface SocketDevice {
    /**
     * Role: `client` or `server`, `master` or `slave`.
     */
    role: string,
    /**
     * Path of the socket.
     */
    path: string,
    /**
     * Mode of a memif: `ethernet`, `ip` or `punt`; absent for vhost-user.
     */
    mode?: string | undefined,
  }
  /**
   * A device by its type.
   */
  export type DeviceDescription = DeviceDescriptionPci | DeviceDescriptionVdpa | DeviceDescriptionVhostUser | DeviceDescriptionMemif;
  /**
   * On the PCI bus.
   */
  export interface DeviceDescriptionPci {
    tag: 'pci',
    val: PciDevice,
  }
  /**
   * Of the vDPA framework.
   */
  export interface DeviceDescriptionVdpa {
    tag: 'vdpa',
    val: VdpaDevice,
  }
  /**
   * A vhost-user socket.
   */
  export interface DeviceDescriptionVhostUser {
    tag: 'vhost-user',
    val: SocketDevice,
  }
  /**
   * A memif socket.
   */
  export interface DeviceDescriptionMemif {
    tag: 'memif',
    val: SocketDevice,
  }
}
