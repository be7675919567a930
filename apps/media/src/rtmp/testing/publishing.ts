import type { CloseReason } from "../errors.ts";
import type { MediaMessage } from "../message.ts";
import { OutgoingMessage } from "../outgoing.ts";
import { publishRtmp, type PublishTarget, type RtmpPublisher } from "../publisher.ts";

export type Publishing = {
  readonly publisher: RtmpPublisher;
  /** In order: "publishing", "taken", "closed". */
  readonly events: string[];
  readonly started: Promise<void>;
  readonly taken: Promise<void>;
  readonly closed: Promise<CloseReason | null>;
  readonly sendAll: (media: readonly MediaMessage[]) => void;
};

export type PublishingOptions = Partial<Omit<PublishTarget, "address" | "tcUrl" | "app" | "streamName">>;

/** Publishes to an `rtmp(s)://IP-or-localhost:PORT/APP` URL and turns the listener into promises. */
export function startPublishing(url: string, streamName: string, options: PublishingOptions = {}): Publishing {
  const { hostname, port, pathname, protocol } = new URL(url);
  const ip = hostname === "localhost" ? "127.0.0.1" : hostname;
  const started = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<CloseReason | null>();
  // Not every test waits for these.
  for (const { promise } of [started, taken]) promise.catch(() => {});
  const events: string[] = [];
  const publisher = publishRtmp(
    {
      address: { ip, port: Number(port), family: 4 },
      tls: protocol === "rtmps:" ? { serverName: hostname } : null,
      tcUrl: url,
      app: pathname.slice(1),
      streamName,
      ...options,
    },
    {
      onPublishing: () => {
        events.push("publishing");
        started.resolve();
      },
      onTaken: () => {
        events.push("taken");
        taken.resolve();
      },
      onClosed: (reason) => {
        events.push("closed");
        const early = new Error(`closed too early: ${reason?.message ?? "by ourselves"}`);
        started.reject(early);
        taken.reject(early);
        closed.resolve(reason);
      },
    },
  );
  return {
    publisher,
    events,
    started: started.promise,
    taken: taken.promise,
    closed: closed.promise,
    sendAll: (media) => {
      for (const message of media) publisher.send(new OutgoingMessage(message));
    },
  };
}

/** Sends in real time, around and around with timestamps that go on, until stopped. */
export function sendInRealTime(media: readonly MediaMessage[], publisher: RtmpPublisher): () => void {
  const startedAt = performance.now();
  const last = media.at(-1)?.timestamp ?? 0;
  let round = 0;
  let next = 0;
  const timer = setInterval(() => {
    for (;;) {
      const message = media[next];
      if (message === undefined) return;
      const timestamp = message.timestamp + round * (last + 20);
      if (timestamp > performance.now() - startedAt) return;
      publisher.send(new OutgoingMessage({ ...message, timestamp }));
      next += 1;
      if (next === media.length) {
        next = 0;
        round += 1;
      }
    }
  }, 10);
  return () => clearInterval(timer);
}
