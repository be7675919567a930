import { DemuxError } from "../../ffmpeg/demux-error.ts";
import type { DemuxFailure } from "../../ffmpeg/demux-error.ts";
import type { SourceFault } from "../protocol.ts";

/** It came, but nothing of it could be made visible or audible. */
export class Undecodable extends Error {
  override readonly name = "Undecodable";
}

export const ended: SourceFault = { code: "closed_by_peer", message: "The server has ended the stream." };
const undecodable: SourceFault = {
  code: "unsupported_format",
  message: "Nothing of its picture can be decoded: it has no keyframes, or is damaged.",
};
const faults: Readonly<Record<DemuxFailure, SourceFault>> = {
  refused: { code: "auth_refused", message: "The server asks for another user name and password." },
  not_found: { code: "not_found", message: "There is nothing at this address." },
  unsupported: {
    code: "unsupported_format",
    message: "What is at this address cannot be played: it is in no format that is known, or damaged.",
  },
  unreachable: { code: "connect_failed", message: "The server cannot be reached, or does not answer." },
  broken_off: { code: "closed_by_peer", message: "The server broke the connection off." },
};

/** What was thrown while something was opened or read, in words. */
export function faultOf(error: unknown): SourceFault {
  if (error instanceof Undecodable) return undecodable;
  return faults[error instanceof DemuxError ? error.failure : "unsupported"];
}
