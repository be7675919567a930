import type { ReceivedMedia } from "@trax/peers/rtmp-server/connection";

export type Throughput = {
  /** Media bytes a second. */
  readonly bytesPerSecond: number;
  /** Pictures a second. */
  readonly framesPerSecond: number;
  /** The longest time without a picture, ms. */
  readonly longestGapMs: number;
};

/**
 * What a destination received from `from` to `to` (`performance.now()`),
 * counted from one keyframe to another that is a multiple of `round` later,
 * which is how many the stream has before it begins again: so it matters
 * neither how a keyframe falls to the edges of the window nor which part of the
 * stream was sent.
 */
export function throughputOf(
  connections: readonly { readonly media: readonly ReceivedMedia[] }[],
  from: number,
  to: number,
  round: number,
): Throughput {
  const received = connections.flatMap(({ media }) => media).filter(({ at }) => at >= from && at <= to);
  const keyframes = received.filter(
    ({ kind, payload }) => kind === "video" && (payload[0] ?? 0) >> 4 === 1 && payload[1] === 1,
  );
  const rounds = Math.floor((keyframes.length - 1) / round);
  const [first, last] = [keyframes[0], keyframes[rounds * round]];
  if (first === undefined || last === undefined || rounds < 1) throw new Error("too few keyframes arrived");
  const between = received.slice(received.indexOf(first), received.indexOf(last));
  const pictures = between.filter(({ kind }) => kind === "video");
  const seconds = (last.at - first.at) / 1000;
  return {
    bytesPerSecond: between.reduce((total, { size }) => total + size, 0) / seconds,
    framesPerSecond: pictures.length / seconds,
    longestGapMs: Math.max(...pictures.map(({ at }, index) => at - (pictures[index - 1]?.at ?? at))),
  };
}
