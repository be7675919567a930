import { createHash, randomBytes } from "node:crypto";
import { Secret } from "@trax/foundation/secret";

/** A publish or play token: `pub_` or `ply_` + 32 random bytes. Only its SHA-256 is stored. */
export function newMediaToken(role: "publish" | "play"): Secret {
  return new Secret(`${role === "publish" ? "pub" : "ply"}_${randomBytes(32).toString("base64url")}`);
}

export function mediaTokenHash(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

/** The router's path of a source. */
export function sourcePath(sourceId: string): string {
  return `in/${sourceId}`;
}

/** The router's path of a program with AAC: for RTMP, SRT and HLS. */
export function programPath(studioId: string): string {
  return `program/${studioId}`;
}

/** The router's path of a program or a preview with Opus: for WebRTC. */
export function webrtcPath(view: "program" | "preview", studioId: string): string {
  return `${view}/${studioId}/rtc`;
}

/** The source a router path belongs to, or null. */
export function sourceOfPath(path: string): string | null {
  return /^in\/(src_[0-9a-z]{26})$/.exec(path)?.[1] ?? null;
}
