import { readFile } from "node:fs/promises";

export type Endpoints = { readonly localPort: number; readonly remotePort: number; readonly remoteIp: string };

/** Written bytes that the peer's kernel has not taken; `missed`: this time the kernel did not say. */
export type KernelQueue = number | "missed";

export type KernelQueueWatcher = {
  /**
   * Called once a second, just before the kernel's tables are read, which may
   * take a while: what the answer is to be compared with is to be noted now.
   * Null where the answer is not needed.
   */
  readonly ask: () => Endpoints | null;
  /** Once a second, asked or not; null where not asked, or where this system has no such tables. */
  readonly answer: (queue: KernelQueue | null) => void;
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
    const tables = new Set<string>();
    for (const watcher of watchers) {
      const endpoints = watcher.ask();
      if (endpoints === null) continue;
      keys.set(watcher, socketKey(endpoints));
      tables.add(endpoints.remoteIp.includes(":") ? "/proc/net/tcp6" : "/proc/net/tcp");
    }
    const text = await readTables([...tables]);
    const queues = text === null ? null : parseSocketTable(text, new Set(keys.values()));
    for (const watcher of watchers) {
      const key = keys.get(watcher);
      watcher.answer(key === undefined || queues === null ? null : (queues.get(key) ?? "missed"));
    }
  } finally {
    reading = false;
  }
}

/** Null on systems that have no such tables. */
async function readTables(paths: readonly string[]): Promise<string | null> {
  try {
    return (await Promise.all(paths.map((path) => readFile(path, "latin1")))).join("\n");
  } catch {
    return null;
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
