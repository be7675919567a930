import { constants } from "node:os";
import {
  AVERROR_EXIT,
  AVERROR_HTTP_FORBIDDEN,
  AVERROR_HTTP_NOT_FOUND,
  AVERROR_HTTP_UNAUTHORIZED,
  AVERROR_INVALIDDATA,
  AVERROR_PROTOCOL_NOT_FOUND,
} from "node-av/constants";

export type DemuxFailure = "refused" | "not_found" | "unsupported" | "unreachable" | "broken_off";

const failures: ReadonlyMap<number, DemuxFailure> = new Map<number, DemuxFailure>([
  [AVERROR_HTTP_UNAUTHORIZED, "refused"],
  [AVERROR_HTTP_FORBIDDEN, "refused"],
  [AVERROR_HTTP_NOT_FOUND, "not_found"],
  [AVERROR_INVALIDDATA, "unsupported"],
  [AVERROR_PROTOCOL_NOT_FOUND, "unsupported"],
  [-constants.errno.EINVAL, "unsupported"],
  [-constants.errno.ECONNREFUSED, "unreachable"],
  [-constants.errno.ETIMEDOUT, "unreachable"],
  [AVERROR_EXIT, "unreachable"],
]);

/** FFmpeg would not open something, or not read on. */
export class DemuxError extends Error {
  override readonly name = "DemuxError";
  readonly failure: DemuxFailure;

  /** `code`: an AVERROR. */
  constructor(code: number) {
    super(`FFmpeg refused it: ${code}`);
    this.failure = failures.get(code) ?? "broken_off";
  }
}
