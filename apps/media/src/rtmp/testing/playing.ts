import type { CloseReason } from "../errors.ts";
import type { MediaMessage } from "../message.ts";
import { playRtmp, type PlayTarget, type RtmpPlayer } from "../player.ts";

export type Playing = {
  readonly player: RtmpPlayer;
  readonly messages: MediaMessage[];
  readonly closed: Promise<CloseReason | null>;
};

/** Plays an `rtmp://IP:PORT/APP` URL and collects what comes. */
export function startPlaying(url: string, streamName: string, options: Partial<PlayTarget> = {}): Playing {
  const { hostname, port, pathname } = new URL(url);
  const messages: MediaMessage[] = [];
  const closed = Promise.withResolvers<CloseReason | null>();
  const player = playRtmp(
    { host: hostname, port: Number(port), app: pathname.slice(1), streamName, ...options },
    { onMessage: (message) => messages.push(message), onClosed: closed.resolve },
  );
  return { player, messages, closed: closed.promise };
}
