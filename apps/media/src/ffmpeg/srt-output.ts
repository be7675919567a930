import { constants } from "node:os";
import { checkAddress } from "@trax/foundation/address-guard";
import { AV_LOG_QUIET, AVIO_FLAG_WRITE } from "node-av/constants";
import { FFmpegError, IOContext, Log } from "node-av/lib";
import type { RelayDestination } from "../relay/protocol.ts";
import type { OpenOptions, Sender, SenderListener } from "../relay/sender.ts";
import type { CloseReason } from "../rtmp/errors.ts";
import type { OutgoingMessage } from "../rtmp/outgoing.ts";
import type { Taken } from "../rtmp/publisher.ts";
import { MpegTsMuxer } from "./mpegts-muxer.ts";
import { OutputQueue } from "./output-queue.ts";
import { srtRoundTripMs } from "./srt-round-trip.ts";
import type { SrtPeer } from "./srt-round-trip.ts";
import { ffmpegSrtUrl, readSrtUrl } from "./srt-url.ts";

/** For connecting, and for each write. MediaMTX takes 2 s and more to refuse a stream id. */
const deadlineMs = 4_500;
/** A connection that took media for so long without an error is not one that is being refused. */
const takenAfterMs = 1_000;
/** A server that leaves this soon has most likely looked at the stream id only then. */
const secondThoughtsMs = 5_000;

// FFmpeg prints URLs, and these hold stream ids and passphrases.
Log.setLevel(AV_LOG_QUIET);

/**
 * Opens an SRT connection (caller, MPEG-TS) to the address that was checked.
 * Answers why not where that is known at once; all else comes to the listener.
 */
export async function openSrt(
  destination: RelayDestination,
  options: OpenOptions,
  listener: SenderListener,
): Promise<Sender | CloseReason> {
  const target = readSrtUrl(destination.url, destination.streamKey);
  if (typeof target === "string") return { code: "protocol_error", message: target };
  const address = await checkAddress(target.host, options);
  if (!address.ok) return { code: address.code, message: address.message };
  const output = new SrtOutput(options.maxQueueBytes, listener);
  const asked = output.measure({ ip: address.ip, family: address.family, port: target.port });
  void output.run(ffmpegSrtUrl(target, address, deadlineMs), asked);
  return output;
}

/**
 * One SRT connection. FFmpeg blocks a thread of the pool while it connects or
 * writes, never the event loop; each write has a deadline of its own. libsrt
 * tells no more than that it took the bytes, and fails within about 5 s of the
 * peer's silence: so bytes count as taken when written, and the peer's death is
 * known that much later.
 */
class SrtOutput implements Sender {
  readonly #listener: SenderListener;
  readonly #queue: OutputQueue;
  readonly #io = new IOContext();
  readonly #ended = new AbortController();
  #roundTripMs: number | null = null;
  #isOpen = false;
  #isClosing = false;
  #takenBytes = 0;
  #takenAt: number | null = null;
  #firstWriteAt: number | null = null;
  #toldTaken = false;

  constructor(maxQueueBytes: number, listener: SenderListener) {
    this.#queue = new OutputQueue(maxQueueBytes);
    this.#listener = listener;
  }

  get droppedFrames(): number {
    return this.#queue.droppedFrames;
  }

  /** As it was when connecting. */
  get roundTripMs(): number | null {
    return this.#roundTripMs;
  }

  taken(): Taken {
    return { takenBytes: this.#takenBytes, takenAt: this.#takenAt, acknowledges: false };
  }

  send(message: OutgoingMessage): void {
    if (this.#isOpen) this.#queue.push(message);
  }

  close(): void {
    this.#isClosing = true;
    this.#queue.end();
  }

  /** Settles once the peer is asked: there are listeners that take one caller and then listen no more. Never rejects. */
  async measure(peer: SrtPeer): Promise<void> {
    const asked = Promise.withResolvers<void>();
    void srtRoundTripMs(peer, this.#ended.signal, asked.resolve).then((measured) => {
      this.#roundTripMs = measured;
      asked.resolve();
    });
    await asked.promise;
  }

  /** Connects once `asked` settles, writes until closed or lost, and closes. Never rejects. */
  async run(url: string, asked: Promise<void>): Promise<void> {
    await asked;
    const opened = await this.#io.open2(url, AVIO_FLAG_WRITE);
    if (opened < 0) {
      this.#end(refusal(opened));
      return;
    }
    const openedAt = performance.now();
    const muxer = new MpegTsMuxer(this.#io);
    let reason: CloseReason | null = null;
    try {
      this.#isOpen = true;
      if (!this.#isClosing) this.#listener.onPublishing();
      await this.#writeAll(muxer);
    } catch (error) {
      reason = lost(error, performance.now() - openedAt);
    }
    this.#isOpen = false;
    muxer.free();
    await this.#io.closep();
    this.#end(reason);
  }

  async #writeAll(muxer: MpegTsMuxer): Promise<void> {
    for (let next = await this.#queue.take(); next !== null; next = await this.#queue.take()) {
      await muxer.write(next.media);
      if (next.media.kind !== "data" && !next.media.configuration) this.#noteTaken(next);
    }
  }

  #noteTaken(message: OutgoingMessage): void {
    const now = performance.now();
    this.#firstWriteAt ??= now;
    this.#takenBytes += message.media.payload.length;
    if (now - this.#firstWriteAt < takenAfterMs) return;
    this.#takenAt = now;
    if (this.#toldTaken) return;
    this.#toldTaken = true;
    this.#listener.onTaken();
  }

  #end(reason: CloseReason | null): void {
    this.#ended.abort();
    this.#queue.end();
    this.#listener.onClosed(this.#isClosing ? null : reason);
  }
}

/** Silence ends by our deadline; all else is the server's refusal, of which FFmpeg does not tell the reason. */
function refusal(code: number): CloseReason {
  if (code === -constants.errno.ETIMEDOUT) {
    return { code: "connect_failed", message: "The server did not answer. Check the host and the port." };
  }
  return {
    code: "auth_refused",
    message:
      "The server refused the connection. Check the stream id and the passphrase, and that nobody else is sending there.",
  };
}

function lost(error: unknown, openMs: number): CloseReason {
  if (!(error instanceof FFmpegError) || error.isInvalidData || error.isEINVAL) {
    return { code: "protocol_error", message: "This stream cannot be sent by SRT." };
  }
  const message =
    openMs < secondThoughtsMs
      ? "The server agreed to the connection and closed it soon after, which usually means that the stream id is refused or in use."
      : "The server closed the connection, or stopped answering.";
  return { code: "closed_by_peer", message };
}
