import { readFile } from "node:fs/promises";
import { publishRtmp } from "../../apps/media/src/rtmp/publisher.ts";
import type { RtmpPublisher } from "../../apps/media/src/rtmp/publisher.ts";
import { OutgoingMessage } from "../../apps/media/src/rtmp/outgoing.ts";
import { readFlv } from "../../apps/media/src/rtmp/testing/flv.ts";
import type { MediaMessage } from "../../apps/media/src/rtmp/message.ts";
import type { PublisherCommand, PublisherReport } from "./publisher-protocol.ts";

/**
 * Plays one FLV file in real time, around and around, to any number of RTMP
 * servers: fifty publishers for the price of about one, since every message is
 * written in chunks once. A publisher that joins late starts at a keyframe.
 */
const everyMs = 5;
/** Between the last message of a round and the first of the next. */
const seamMs = 33;

type Target = { readonly publisher: RtmpPublisher; ready: boolean; joined: boolean };

const targets = new Map<string, Target>();
let media: readonly MediaMessage[] = [];
let configuration: readonly MediaMessage[] = [];
let round = 0;
let next = 0;
let startedAt = 0;
let lastKeyframeAt = 0;

function tell(report: PublisherReport): void {
  process.send?.(report);
}

async function play(path: string): Promise<void> {
  const all = readFlv(await readFile(path));
  configuration = all.filter((message) => message.configuration || message.kind === "data");
  media = all.filter((message) => !configuration.includes(message));
  startedAt = performance.now();
  setInterval(advance, everyMs);
}

function advance(): void {
  const last = media.at(-1)?.timestamp ?? 0;
  const elapsed = performance.now() - startedAt;
  for (;;) {
    const message = media[next];
    if (message === undefined) return;
    const timestamp = message.timestamp + round * (last + seamMs);
    if (timestamp > elapsed) return;
    if (message.keyframe) lastKeyframeAt = Date.now();
    send(new OutgoingMessage({ ...message, timestamp }));
    next += 1;
    if (next < media.length) continue;
    next = 0;
    round += 1;
  }
}

function send(message: OutgoingMessage): void {
  for (const target of targets.values()) {
    if (!target.ready) continue;
    if (!target.joined) {
      if (!message.media.keyframe) continue;
      target.joined = true;
      const { timestamp } = message.media;
      for (const one of configuration) target.publisher.send(new OutgoingMessage({ ...one, timestamp }));
    }
    target.publisher.send(message);
  }
}

function publish({ id, host, port, app, streamKey }: Extract<PublisherCommand, { type: "publish" }>): void {
  const publisher = publishRtmp(
    {
      address: { ip: host, port, family: 4 },
      tls: null,
      tcUrl: `rtmp://${host}:${port}/${app}`,
      app,
      streamName: streamKey,
    },
    {
      onPublishing: () => {
        target.ready = true;
        tell({ type: "publishing", id });
      },
      onTaken: () => undefined,
      onClosed: (reason) => {
        targets.delete(id);
        tell({ type: "closed", id, reason: reason?.message ?? null });
      },
    },
  );
  const target: Target = { publisher, ready: false, joined: false };
  targets.set(id, target);
}

process.on("message", (command: PublisherCommand) => {
  if (command.type === "play") void play(command.path);
  else if (command.type === "publish") publish(command);
  else if (command.type === "unpublish") targets.get(command.id)?.publisher.close();
  else tell({ type: "keyframe", msAgo: Date.now() - lastKeyframeAt });
});
process.once("disconnect", () => process.exit(0));
