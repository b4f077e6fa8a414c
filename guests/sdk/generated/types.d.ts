// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
declare module 'cnidaria:plugin/types@0.1.0' {
  /**
   * An IPv4 address: 4 octets, as sent on the wire.
   */
  export type Ipv4Address = [number, number, number, number];
  /**
   * An IPv6 address: 8 groups of 16 bits, most significant first.
   */
  export type Ipv6Address = [number, number, number, number, number, number, number, number];
  /**
   * An address of either family.
   */
  export type IpAddress = IpAddressIpv4 | IpAddressIpv6;
  /**
   * An IPv4 address.
   */
  export interface IpAddressIpv4 {
    tag: 'ipv4',
    val: Ipv4Address,
  }
  /**
   * An IPv6 address.
   */
  export interface IpAddressIpv6 {
    tag: 'ipv6',
    val: Ipv6Address,
  }
  /**
   * The address family of an address, a route or a switch.
   * # Variants
   *
   * ## `"ipv4"`
   *
   * IPv4.
   * ## `"ipv6"`
   *
   * IPv6.
   */
  export type IpFamily = 'ipv4' | 'ipv6';
  /**
   * An address with the length of its network prefix, as in `10.1.0.7/24`. Host bits are kept.
   */
  export interface IpPrefix {
    /**
     * The address, host bits included.
     */
    address: IpAddress,
    /**
     * Length of the network prefix in bits: 0 to 32 or 0 to 128.
     */
    prefixLength: number,
  }
  /**
   * A hardware address: 6 octets, as sent on the wire.
   */
  export type MacAddress = [number, number, number, number, number, number];
  /**
   * A protocol with ports.
   * # Variants
   *
   * ## `"tcp"`
   *
   * TCP.
   * ## `"udp"`
   *
   * UDP.
   * ## `"sctp"`
   *
   * SCTP.
   */
  export type TransportProtocol = 'tcp' | 'udp' | 'sctp';
  /**
   * What rules of the node's packet filter are made with.
   * # Variants
   *
   * ## `"nftables"`
   *
   * nftables, in tables of Cnidaria's own.
   * ## `"iptables"`
   *
   * iptables, in chains of Cnidaria's own: the variant that the node uses.
   * ## `"iptables-nft"`
   *
   * iptables by nf_tables.
   * ## `"iptables-legacy"`
   *
   * iptables by the older part of the kernel.
   * ## `"firewalld"`
   *
   * firewalld, which is asked. It forwards; it neither masquerades nor isolates here.
   */
  export type PacketFilter = 'nftables' | 'iptables' | 'iptables-nft' | 'iptables-legacy' | 'firewalld';
  /**
   * Whether a link can carry packets. Source: IF_OPER_*, linux/if.h.
   * # Variants
   *
   * ## `"unknown"`
   *
   * The driver does not say.
   * ## `"down"`
   *
   * It cannot.
   * ## `"dormant"`
   *
   * It waits, for instance for a peer.
   * ## `"up"`
   *
   * It can.
   */
  export type OperationalState = 'unknown' | 'down' | 'dormant' | 'up';
  /**
   * One link.
   */
  export interface LinkInfo {
    /**
     * Its name in its namespace.
     */
    name: string,
    /**
     * Its index in its namespace.
     */
    index: number,
    /**
     * Kind, as `ip link` spells it (`veth`, `bridge`, …); empty for a link without one, such as `lo`.
     */
    kind: string,
    /**
     * Hardware address, where it has one of 6 octets.
     */
    mac?: MacAddress | undefined,
    /**
     * MTU.
     */
    mtuBytes: number,
    /**
     * Administratively up.
     */
    up: boolean,
    /**
     * Whether it can carry packets.
     */
    operationalState: OperationalState,
    /**
     * Promiscuous.
     */
    promiscuous: boolean,
    /**
     * Receives every multicast packet.
     */
    allMulticast: boolean,
    /**
     * Length of its transmit queue, in packets.
     */
    transmitQueueLength: number,
    /**
     * Index of the link that it belongs to (its bridge or VRF).
     */
    masterIndex?: number | undefined,
    /**
     * Index of its peer or parent, which may be in another namespace.
     */
    peerIndex?: number | undefined,
  }
  /**
   * One pair of CNI_ARGS, as `NAME=VALUE`.
   */
  export interface Argument {
    /**
     * Left of the equals sign.
     */
    name: string,
    /**
     * Right of the equals sign.
     */
    value: string,
  }
  /**
   * An address that a runtime asks for; the prefix may be missing.
   */
  export interface RequestedAddress {
    /**
     * The address.
     */
    address: IpAddress,
    /**
     * Length of its prefix in bits, where the runtime gave one.
     */
    prefixLength?: number | undefined,
  }
  /**
   * One range of addresses of the capability argument `ipRanges`.
   */
  export interface AddressRange {
    /**
     * The subnet that the range lies in.
     */
    subnet: IpPrefix,
    /**
     * First address, where it is not the subnet's first usable one.
     */
    rangeStart?: IpAddress | undefined,
    /**
     * Last address, where it is not the subnet's last usable one.
     */
    rangeEnd?: IpAddress | undefined,
    /**
     * The gateway of the subnet, where it is not the subnet's first usable address.
     */
    gateway?: IpAddress | undefined,
  }
  /**
   * One published port of the capability argument `portMappings`.
   */
  export interface PortMapping {
    /**
     * Port on the node: 1 to 65535.
     */
    hostPort: number,
    /**
     * Port in the container: 1 to 65535.
     */
    containerPort: number,
    /**
     * Transport protocol, lower case: `tcp`, `udp` or `sctp`.
     */
    protocol: string,
    /**
     * Address on the node that the port is published on; absent: every one.
     */
    hostIp?: IpAddress | undefined,
  }
  /**
   * Rates of the capability argument `bandwidth`, in bits and bits per second, as decimal text because they pass 32 bits.
   */
  export interface Bandwidth {
    /**
     * Rate towards the container, in bits per second.
     */
    ingressRateBitsPerSecond?: string | undefined,
    /**
     * Burst towards the container, in bits.
     */
    ingressBurstBits?: string | undefined,
    /**
     * Rate from the container, in bits per second.
     */
    egressRateBitsPerSecond?: string | undefined,
    /**
     * Burst from the container, in bits.
     */
    egressBurstBits?: string | undefined,
  }
  /**
   * Resolver settings. Source: CNI SPEC 1.1.0, section 5, `dns`.
   */
  export interface Dns {
    /**
     * Addresses of name servers, in order of preference, as text.
     */
    nameservers: Array<string>,
    /**
     * The local domain.
     */
    domain?: string | undefined,
    /**
     * Domains that short names are searched in, in order.
     */
    search: Array<string>,
    /**
     * Options for the resolver.
     */
    options: Array<string>,
  }
  /**
   * What the runtime supplied for the capabilities that the plugin's configuration declares. Source: CNI CONVENTIONS.
   */
  export interface RuntimeConfig {
    /**
     * `portMappings`.
     */
    portMappings: Array<PortMapping>,
    /**
     * `ipRanges`: sets of ranges, one address is wanted from each set.
     */
    ipRanges: Array<Array<AddressRange>>,
    /**
     * `bandwidth`.
     */
    bandwidth?: Bandwidth | undefined,
    /**
     * `dns`.
     */
    dns?: Dns | undefined,
    /**
     * `ips`.
     */
    ips: Array<RequestedAddress>,
    /**
     * `mac`.
     */
    mac?: MacAddress | undefined,
    /**
     * `deviceID`.
     */
    deviceId?: string | undefined,
    /**
     * `aliases`.
     */
    aliases: Array<string>,
    /**
     * `cgroupPath`.
     */
    cgroupPath?: string | undefined,
    /**
     * Every other capability argument: the JSON text of one object.
     */
    extensions?: string | undefined,
  }
  /**
   * A link in a result.
   */
  export interface ResultInterface {
    /**
     * Name of the link.
     */
    name: string,
    /**
     * Its hardware address.
     */
    mac?: MacAddress | undefined,
    /**
     * Its MTU.
     */
    mtuBytes?: number | undefined,
    /**
     * The container namespace it is in, as `request.netns` spells it; absent: on the node.
     */
    sandbox?: string | undefined,
    /**
     * Path of a socket that carries its traffic.
     */
    socketPath?: string | undefined,
    /**
     * PCI address of the device behind it.
     */
    pciId?: string | undefined,
    /**
     * Fields this version does not know: the JSON text of one object.
     */
    extensions?: string | undefined,
  }
  /**
   * An address in a result.
   */
  export interface ResultIp {
    /**
     * The address and its prefix.
     */
    address: IpPrefix,
    /**
     * Its gateway.
     */
    gateway?: IpAddress | undefined,
    /**
     * Index into `interfaces` of the link that has it.
     */
    interfaceIndex?: number | undefined,
    /**
     * Fields this version does not know: the JSON text of one object.
     */
    extensions?: string | undefined,
  }
  /**
   * A route in a result.
   */
  export interface ResultRoute {
    /**
     * Destination.
     */
    destination: IpPrefix,
    /**
     * Next hop; absent: the gateway of an address of the same family.
     */
    gateway?: IpAddress | undefined,
    /**
     * Path MTU.
     */
    mtuBytes?: number | undefined,
    /**
     * Maximal segment size to advertise.
     */
    advmssBytes?: number | undefined,
    /**
     * Priority: lower wins.
     */
    priority?: number | undefined,
    /**
     * Number of the routing table; absent is not 0.
     */
    table?: number | undefined,
    /**
     * Scope: 0 global, 253 link, 254 host; absent is not 0.
     */
    scope?: number | undefined,
    /**
     * Fields this version does not know: the JSON text of one object.
     */
    extensions?: string | undefined,
  }
  /**
   * The result of ADD. Source: CNI SPEC 1.1.0, section 5, "ADD Success".
   */
  export interface AttachmentResult {
    /**
     * Links that were made, or that matter.
     */
    interfaces: Array<ResultInterface>,
    /**
     * Addresses that were given.
     */
    ips: Array<ResultIp>,
    /**
     * Routes that were made.
     */
    routes: Array<ResultRoute>,
    /**
     * Resolver settings; absent: no `dns` object at all, which is not an empty one.
     */
    dns?: Dns | undefined,
    /**
     * Fields this version does not know: the JSON text of one object.
     */
    extensions?: string | undefined,
  }
  /**
   * What an IPAM plugin gives: a result without links.
   */
  export interface AddressResult {
    /**
     * Addresses, with their gateways.
     */
    ips: Array<ResultIp>,
    /**
     * Routes.
     */
    routes: Array<ResultRoute>,
    /**
     * Resolver settings.
     */
    dns?: Dns | undefined,
    /**
     * Fields this version does not know: the JSON text of one object.
     */
    extensions?: string | undefined,
  }
  /**
   * One request: what a plugin of the exec protocol gets in its environment and on stdin.
   */
  export interface Request {
    /**
     * Version of the specification that the configuration selects, such as `1.1.0`.
     */
    cniVersion: string,
    /**
     * Name of the network.
     */
    networkName: string,
    /**
     * Id of the container.
     */
    containerId: string,
    /**
     * Name of the container's link: 1 to 15 bytes.
     */
    ifname: string,
    /**
     * CNI_NETNS as given: text for the result's `sandbox` field, of no other use. Empty on DEL of a container whose namespace is gone.
     */
    netns: string,
    /**
     * CNI_ARGS, in order.
     */
    args: Array<Argument>,
    /**
     * Capability arguments.
     */
    runtimeConfig: RuntimeConfig,
    /**
     * The request configuration: the JSON text of one object, with every field of the operator's configuration.
     */
    configuration: string,
    /**
     * The result of the plugin before this one (ADD) or of the whole chain (CHECK, DEL).
     */
    previousResult?: AttachmentResult | undefined,
  }
  /**
   * What went wrong, in CNI's terms. Source: CNI SPEC 1.1.0, section 5, "Error".
   */
  export interface PluginError {
    /**
     * CNI's code; 100 and more are the plugin's own.
     */
    code: number,
    /**
     * One short line.
     */
    message: string,
    /**
     * More about it.
     */
    details?: string | undefined,
  }
}
