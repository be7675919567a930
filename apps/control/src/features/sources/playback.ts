import type { Playback } from "@trax/contract";
import type { Secret } from "@trax/foundation/secret";
import { programPath, sourcePath } from "@trax/media-protocol";
import type { SessionView } from "@trax/media-protocol";
import { srtUrl } from "./media-address.ts";
import type { MediaAddress } from "./media-address.ts";

/**
 * The addresses to watch at, with the token in place. A preview is made for
 * WebRTC alone. HLS is plain HTTP, at the media node's own port: `Bearer` works
 * there, too.
 */
export function playbackOf(
  address: MediaAddress,
  of: { readonly view: SessionView; readonly studioId: string; readonly sourceId: string | null },
  token: Secret,
): Playback {
  const text = token.reveal();
  const { studioId, sourceId } = of;
  const whep = (path: string) => ({ url: `${address.apiUrl}/whep/${path}`, bearerToken: text });
  if (of.view === "preview") return { whep: whep(`${studioId}/preview`) };
  const path = sourceId === null ? programPath(studioId) : sourcePath(sourceId);
  return {
    whep: whep(sourceId ?? studioId),
    srt: { url: srtUrl(address, `read:${path}:session:${text}`) },
    rtmp: { url: `rtmp://${address.host}:${address.rtmpPort}/${path}?token=${text}` },
    hls: { url: `http://${address.host}:${address.hlsPort}/${path}/index.m3u8?token=${text}` },
  };
}
