import type { CarriedTrack } from "./carried-track.ts";

/** What a track is set up by, behind the URL of all (RFC 2326, C.1.1). */
export function controlOf(index: number): string {
  return `trackID=${index}`;
}

/** What is announced (RFC 4566; RFC 2326, appendix C). */
export function describe(tracks: readonly CarriedTrack[]): string {
  return [
    "v=0",
    "o=- 0 0 IN IP4 127.0.0.1",
    "s=-",
    "c=IN IP4 0.0.0.0",
    "t=0 0",
    ...tracks.flatMap(({ description }, index) => [...description, `a=control:${controlOf(index)}`]),
    "",
  ].join("\r\n");
}
