import { readFile } from "node:fs/promises";

export type Endpoints = { readonly localPort: number; readonly remotePort: number; readonly remoteIp: string };

export type KernelQueueWatcher = {
  /** Asked once a second; null where the answer is not needed just now. */
  readonly endpoints: () => Endpoints | null;
  /** Once a second, asked or not: written bytes that the peer's kernel has not taken; null where not asked or not known. */
  readonly onSecond: (unsentBytes: number | null) => void;
};

const sampleMs = 1000;
const watchers = new Set<KernelQueueWatcher>();
let timer: NodeJS.Timeout | null = null;
let reading = false;

/**
 * Tells once a second how many written bytes the other side's kernel has not
 * acknowledged (Linux: `tx_queue` of /proc/net/tcp). One timer and one read
 * serve every watcher of the process, and run only while there is one that
 * needs them; the function returned ends the watch.
 */
export function watchKernelQueue(watcher: KernelQueueWatcher): () => void {
  watchers.add(watcher);
  timer ??= setInterval(() => void sample(), sampleMs);
  return () => {
    watchers.delete(watcher);
    if (watchers.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };
}

async function sample(): Promise<void> {
  if (reading) return;
  reading = true;
  try {
    const keys = new Map<KernelQueueWatcher, string>();
    for (const watcher of watchers) {
      const endpoints = watcher.endpoints();
      if (endpoints !== null) keys.set(watcher, socketKey(endpoints));
    }
    const queues = await readQueues(new Set(keys.values()));
    for (const watcher of watchers) watcher.onSecond(queues.get(keys.get(watcher) ?? "") ?? null);
  } finally {
    reading = false;
  }
}

async function readQueues(wanted: ReadonlySet<string>): Promise<ReadonlyMap<string, number>> {
  if (wanted.size === 0) return new Map();
  const tables = await Promise.all(["/proc/net/tcp", "/proc/net/tcp6"].map(readTable));
  return parseSocketTable(tables.join("\n"), wanted);
}

/** Not there on other systems, or without IPv6: then it has no rows. */
async function readTable(path: string): Promise<string> {
  try {
    return await readFile(path, "latin1");
  } catch {
    return "";
  }
}

/** `tx_queue` by `socketKey` of each wanted socket in the text of /proc/net/tcp and tcp6 (Linux, proc_net_tcp.txt). */
export function parseSocketTable(text: string, wanted: ReadonlySet<string>): ReadonlyMap<string, number> {
  const queues = new Map<string, number>();
  for (const line of text.split("\n")) {
    const row = /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]{2} ([0-9A-F]{8}):/.exec(line);
    if (row === null) continue;
    const [, localPort = "", remoteAddress = "", remotePort = "", queue = ""] = row;
    const key = `${localPort} ${remoteAddress}:${remotePort}`;
    if (wanted.has(key)) queues.set(key, Number.parseInt(queue, 16));
  }
  return queues;
}

/** A socket as those tables name it, but for its local address. */
export function socketKey({ localPort, remotePort, remoteIp }: Endpoints): string {
  return `${hex(localPort, 4)} ${tableAddress(remoteIp)}:${hex(remotePort, 4)}`;
}

/** 32-bit words in the machine's byte order, which is little-endian wherever we run. */
function tableAddress(ip: string): string {
  const bytes = ip.includes(":") ? ipv6Bytes(ip) : ip.split(".").map(Number);
  let text = "";
  for (let word = 0; word < bytes.length; word += 4) {
    for (let index = 3; index >= 0; index -= 1) text += hex(bytes[word + index] ?? 0, 2);
  }
  return text;
}

function ipv6Bytes(ip: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(ip);
  if (dotted !== null) {
    const [, head = "", a = "", b = "", c = "", d = ""] = dotted;
    return ipv6Bytes(`${head}${hex(Number(a) * 256 + Number(b), 4)}:${hex(Number(c) * 256 + Number(d), 4)}`);
  }
  const [head = "", tail = ""] = ip.replace(/%.*$/, "").split("::");
  const before = ipv6Words(head);
  const after = ipv6Words(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return [...before, ...zeros, ...after].flatMap((word) => [word >> 8, word & 0xff]);
}

function ipv6Words(text: string): number[] {
  return text === "" ? [] : text.split(":").map((word) => Number.parseInt(word, 16));
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}
