import { forkProcess } from "./forked-process.ts";
import type { PublisherCommand, PublisherReport } from "./publisher-protocol.ts";
import type { StreamFile } from "./test-stream.ts";

export type Publisher = {
  readonly pid: number;
  /** Publishes to `rtmp://HOST:PORT/APP` under that key; resolves when the server has said that it may. */
  readonly publish: (url: string, streamKey: string) => Promise<Publication>;
  /** How long ago, ms, it sent a keyframe. */
  readonly sinceKeyframe: () => Promise<number>;
  /** Throws where a publication has ended that nobody ended. */
  readonly check: () => void;
  readonly stop: () => Promise<void>;
};

export type Publication = { readonly stop: () => Promise<void> };

type Waiting = { readonly started: PromiseWithResolvers<void>; readonly ended: PromiseWithResolvers<void> };

/** Starts the process that publishes the file, around and around, to whoever is named later. */
export async function startPublisher(file: StreamFile): Promise<Publisher> {
  const { child, pid, stop } = await forkProcess("publisher-process.ts");
  const publications = new Map<string, Waiting>();
  const keyframes: PromiseWithResolvers<number>[] = [];
  const failures: string[] = [];
  const tell = (command: PublisherCommand): void => void child.send(command);
  child.on("message", (report: PublisherReport) => {
    if (report.type === "keyframe") {
      keyframes.shift()?.resolve(report.msAgo);
      return;
    }
    const publication = publications.get(report.id);
    if (report.type === "publishing") publication?.started.resolve();
    else {
      publications.delete(report.id);
      publication?.started.reject(new Error(`publishing failed: ${report.reason}`));
      publication?.ended.resolve();
      if (report.reason !== null) failures.push(report.reason);
    }
  });
  tell({ type: "play", path: file.path });
  let count = 0;
  return {
    pid,
    publish: async (url, streamKey) => {
      const { hostname, port, pathname } = new URL(url);
      const id = String((count += 1));
      const waiting = { started: Promise.withResolvers<void>(), ended: Promise.withResolvers<void>() };
      publications.set(id, waiting);
      tell({ type: "publish", id, host: hostname, port: Number(port), app: pathname.slice(1), streamKey });
      await waiting.started.promise;
      return {
        stop: async () => {
          tell({ type: "unpublish", id });
          await waiting.ended.promise;
        },
      };
    },
    sinceKeyframe: () => {
      const asked = Promise.withResolvers<number>();
      keyframes.push(asked);
      tell({ type: "keyframe" });
      return asked.promise;
    },
    check: () => {
      if (failures.length > 0) throw new Error(`a publisher was cut off: ${failures.join("; ")}`);
    },
    stop,
  };
}
