import { fullCanvas, readPicture } from "@trax/peers/counted/reading";
import type { RtmpServer } from "@trax/peers/rtmp-server/server";
import { writeFlv } from "./flv-file.ts";

/** A picture at the destination: when it was there whole (`performance.now()`), and whose it is (null: nobody's, or two mixed). */
export type Arrival = { readonly at: number; readonly source: number | null };

/** Decodes what a server received over its one connection of counted pictures, and says when each arrived. */
export async function readArrivals(server: RtmpServer, file: string): Promise<Arrival[]> {
  const [connection, ...more] = server.connections.filter(({ media }) => media.length > 0);
  if (connection === undefined || more.length > 0) throw new Error("not exactly one connection brought media");
  const video = connection.media.filter(({ kind }) => kind === "video");
  await writeFlv(file, video);
  // FLV 10.1, E.4.3.1: the second byte is 1 for coded pictures. None is shown out of its order: there are no B-frames.
  const pictures = video.filter(({ payload }) => payload[1] === 1);
  const frames = await readPicture(file, { all: fullCanvas });
  if (frames.length !== pictures.length)
    throw new Error(`${pictures.length} pictures arrived, ${frames.length} decoded`);
  return pictures.map(({ at }, index) => ({ at, source: frames[index]?.seen.all.counted?.source ?? null }));
}

/** How long after `from` the pictures changed to that source, ms. */
export function changeTo(source: number, from: number, arrivals: readonly Arrival[]): number {
  const found = arrivals.find(
    (arrival, index) => arrival.at > from && arrival.source === source && arrivals[index - 1]?.source !== source,
  );
  if (found === undefined) throw new Error(`the pictures never changed to source ${source}`);
  return found.at - from;
}
