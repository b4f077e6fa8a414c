/**
 * @module A program: sends UDP packets from the namespace that it runs in, and prints how long that took.
 *
 * `packets.ts <address> <count> <established|first> <first port>`: `established`, all to one port, which is one flow; `first`, each to another port
 * or another address above the given one, so that each is the first of a flow. What a packet costs on its way through the node is
 * paid by the sender, whose processor forwards it.
 */
import koffi from "koffi";

const AF_INET = 2;
const SOCK_DGRAM = 2;
/** Packets in one call of the kernel. */
const BATCH = 64;
/** sizeof(struct msghdr), padded, in struct mmsghdr on a 64-bit machine. Source: sys/socket.h. */
const MESSAGE_BYTES = 64;
const ADDRESS_BYTES = 16;
const PORTS = 50_000;

const libc = koffi.load(null);
const socket = libc.func("int socket(int, int, int)");
const sendMessages = libc.func("int sendmmsg(int, const void *, uint, int)");

function addressOf(buffer: ArrayBuffer): bigint {
  return koffi.address(buffer) as bigint;
}

/** Writes where the packet goes: struct sockaddr_in. Source: netinet/in.h. */
function writeTarget(view: DataView, offset: number, target: { address: number; port: number }): void {
  view.setUint16(offset, AF_INET, true);
  view.setUint16(offset + 2, target.port);
  view.setUint32(offset + 4, target.address);
}

function main([addressText = "", countText = "", kind = "", portText = ""]: readonly string[]): void {
  const base = addressText.split(".").reduce((value, part) => value * 256 + Number(part), 0);
  const [count, firstPort] = [Number(countText), Number(portText)];
  const targets = new ArrayBuffer(BATCH * ADDRESS_BYTES);
  const payload = new ArrayBuffer(64);
  const part = new ArrayBuffer(16);
  const messages = new ArrayBuffer(BATCH * MESSAGE_BYTES);
  const [targetView, partView, messageView] = [new DataView(targets), new DataView(part), new DataView(messages)];
  partView.setBigUint64(0, addressOf(payload), true);
  partView.setBigUint64(8, 64n, true);
  for (let index = 0; index < BATCH; index++) {
    // struct msghdr: msg_name, msg_namelen, msg_iov, msg_iovlen. The rest is 0.
    messageView.setBigUint64(index * MESSAGE_BYTES, addressOf(targets) + BigInt(index * ADDRESS_BYTES), true);
    messageView.setUint32(index * MESSAGE_BYTES + 8, ADDRESS_BYTES, true);
    messageView.setBigUint64(index * MESSAGE_BYTES + 16, addressOf(part), true);
    messageView.setBigUint64(index * MESSAGE_BYTES + 24, 1n, true);
  }
  const descriptor = socket(AF_INET, SOCK_DGRAM, 0) as number;
  let sent = 0;
  const begin = performance.now();
  while (sent < count) {
    for (let index = 0; index < BATCH; index++) {
      const flow = kind === "first" ? sent + index : 0;
      const target = { address: base + Math.floor(flow / PORTS), port: 1024 + ((firstPort + flow) % PORTS) };
      writeTarget(targetView, index * ADDRESS_BYTES, target);
    }
    const done = sendMessages(descriptor, messages, BATCH, 0) as number;
    if (done < 0) throw new Error(`sendmmsg failed: error ${koffi.errno()}`);
    sent += done;
  }
  console.log(JSON.stringify({ sent, elapsedMs: performance.now() - begin }));
}

main(process.argv.slice(2));
