import type { TestContext } from "node:test";
import type { Ingest } from "@trax/contract";
import { startFfmpegPublisher } from "@trax/peers";
import type { FfmpegPublisher, FfmpegPublisherOptions } from "@trax/peers";
import { owned } from "./owned.ts";

export type IngestName = "rtmp" | "rtmps" | "srt";

/** Where ffmpeg publishes to: OBS's server and key in one. */
export function publishUrl(ingest: Ingest, protocol: IngestName): string {
  if (protocol === "srt") return ingest.srt.url;
  const { url, streamKey } = ingest[protocol];
  return `${url}/${streamKey}`;
}

/** Publishes a test picture with ffmpeg until the test is over. SRT is online the soonest. */
export async function publish(
  context: TestContext,
  ingest: Ingest,
  protocol: IngestName = "srt",
  options: Omit<FfmpegPublisherOptions, "url"> = {},
): Promise<FfmpegPublisher> {
  return owned(context, await startFfmpegPublisher({ ...options, url: publishUrl(ingest, protocol) }));
}
