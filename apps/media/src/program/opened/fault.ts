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
export const refused: SourceFault = {
  code: "auth_refused",
  message: "The server asks for another user name and password.",
};
export const notFound: SourceFault = { code: "not_found", message: "There is nothing at this address." };
export const unreachable: SourceFault = {
  code: "connect_failed",
  message: "The server cannot be reached, or does not answer.",
};
const faults: Readonly<Record<DemuxFailure, SourceFault>> = {
  refused,
  not_found: notFound,
  unsupported: {
    code: "unsupported_format",
    message: "What is at this address cannot be played: it is in no format that is known, or damaged.",
  },
  unreachable,
  broken_off: { code: "closed_by_peer", message: "The server broke the connection off." },
};

/** What was thrown while something was opened or read, in words. */
export function faultOf(error: unknown): SourceFault {
  if (error instanceof Undecodable) return undecodable;
  return faults[error instanceof DemuxError ? error.failure : "unsupported"];
}
