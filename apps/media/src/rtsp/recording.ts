import type { CarriedTrack } from "./carried-track.ts";
import type { RtspConnection } from "./connection.ts";
import { controlOf, describe } from "./sdp.ts";

/** The server does not want it. */
export class RtspRefused extends Error {
  override readonly name = "RtspRefused";
}

/** Where a track's packets go; its reports go to the channel after. */
export type Channel = number;

/**
 * Announces the tracks, sets each up within this connection, and begins (RFC
 * 2326, 10.3, 10.4, 10.11). Answers the tracks' channels, in their order. Throws
 * RtspRefused and RtspEnded.
 */
export async function beginRecording(connection: RtspConnection, tracks: readonly CarriedTrack[]): Promise<Channel[]> {
  const ask = async (...request: Parameters<RtspConnection["request"]>): Promise<ReadonlyMap<string, string>> => {
    const { status, headers } = await connection.request(...request);
    if (status !== 200) throw new RtspRefused(`the server answers ${status}`);
    return headers;
  };
  await ask("ANNOUNCE", { "Content-Type": "application/sdp" }, { body: describe(tracks) });
  const channels: Channel[] = [];
  for (const index of tracks.keys()) {
    const transport = `RTP/AVP/TCP;unicast;interleaved=${index * 2}-${index * 2 + 1};mode=record`;
    const headers = await ask("SETUP", { Transport: transport }, { control: controlOf(index) });
    const given = /;interleaved=(\d{1,3})-/u.exec(headers.get("transport") ?? "")?.[1];
    channels.push(given === undefined ? index * 2 : Number(given));
  }
  await ask("RECORD", { Range: "npt=0.000-" });
  return channels;
}
