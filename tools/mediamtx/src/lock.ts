import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, createServer } from "node:net";

/**
 * Runs `work` while no other process on this machine runs work of that name.
 * The lock is a Linux abstract socket: the kernel frees it when its holder
 * dies, however it dies, so there is never a stale one. Others wait on a
 * connection to the holder, which closes when the work is done. Elsewhere than
 * on Linux there is no lock; the work must be safe to do twice, only wasteful.
 */
export async function withLock<T>(name: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  if (process.platform !== "linux") return work();
  const address = `\0trax-${createHash("sha256").update(name).digest("hex").slice(0, 32)}`;
  const waiting = new Set<{ destroy(): unknown }>();
  const holder = createServer((socket) => {
    waiting.add(socket.on("error", () => socket.destroy()).on("close", () => waiting.delete(socket)));
  });
  let told = false;
  while (!(await tryListen(holder, address))) {
    if (!told) onWait();
    told = true;
    await holderGone(address);
  }
  try {
    return await work();
  } finally {
    const closed = once(holder, "close");
    holder.close();
    for (const socket of waiting) socket.destroy();
    await closed;
  }
}

async function tryListen(server: ReturnType<typeof createServer>, address: string): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const onError = (error: NodeJS.ErrnoException): void => {
    server.removeAllListeners("listening");
    if (error.code === "EADDRINUSE") resolve(false);
    else reject(error);
  };
  server.once("error", onError);
  server.listen(address, () => {
    server.removeListener("error", onError);
    resolve(true);
  });
  return promise;
}

async function holderGone(address: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect(address);
  socket.on("error", () => socket.destroy()).once("close", () => resolve());
  socket.resume();
  await promise;
}
