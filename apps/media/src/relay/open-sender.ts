import { checkAddress } from "@trax/foundation/address-guard";
import type { CloseReason } from "../rtmp/errors.ts";
import { publishRtmp } from "../rtmp/publisher.ts";
import type { RelayDestination } from "./protocol.ts";
import { parseRtmpUrl } from "./rtmp-url.ts";
import type { OpenOptions, Sender, SenderListener } from "./sender.ts";

const badUrl: CloseReason = { code: "protocol_error", message: "The destination's address is not complete." };
const noFfmpeg: CloseReason = {
  code: "protocol_error",
  message: "TRaX cannot send SRT here: FFmpeg's libraries could not be loaded.",
};

const noWhip: CloseReason = {
  code: "protocol_error",
  message: "TRaX cannot send WHIP here: FFmpeg's libraries could not be loaded.",
};
const noRecording: CloseReason = {
  code: "protocol_error",
  message: "TRaX cannot record here: FFmpeg's libraries could not be loaded.",
};

/**
 * Checks where a destination's name leads, and opens a connection to that very
 * address. Answers why not; never rejects. FFmpeg is loaded for SRT, WHIP and recordings only.
 */
export async function openSender(
  destination: RelayDestination,
  options: OpenOptions,
  listener: SenderListener,
): Promise<Sender | CloseReason> {
  switch (destination.protocol) {
    case "rtmp":
    case "rtmps":
      return openRtmp(destination, options, listener);
    case "srt": {
      const ffmpeg = await import("../ffmpeg/srt-output.ts").catch(() => null);
      return ffmpeg === null ? noFfmpeg : ffmpeg.openSrt(destination, options, listener);
    }
    case "file": {
      const ffmpeg = await import("../ffmpeg/recording-output.ts").catch(() => null);
      return ffmpeg === null ? noRecording : ffmpeg.openRecording(destination, options, listener);
    }
    case "whip": {
      const ffmpeg = await import("../ffmpeg/whip-output.ts").catch(() => null);
      return ffmpeg === null ? noWhip : ffmpeg.openWhip(destination, options, listener);
    }
  }
}

async function openRtmp(
  destination: RelayDestination,
  options: OpenOptions,
  listener: SenderListener,
): Promise<Sender | CloseReason> {
  const target = parseRtmpUrl(destination.url, destination.streamKey);
  if (target === null) return badUrl;
  const address = await checkAddress(target.host, options);
  if (!address.ok) return { code: address.code, message: address.message };
  return publishRtmp(
    {
      address: { ip: address.ip, port: target.port, family: address.family },
      tls: target.tls ? { serverName: target.host } : null,
      tcUrl: target.tcUrl,
      app: target.app,
      streamName: target.streamName,
      ...(options.fourCcs.length === 0 ? {} : { fourCcList: options.fourCcs }),
      maxQueueBytes: options.maxQueueBytes,
    },
    listener,
  );
}
