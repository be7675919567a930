import { checkAddress } from "@trax/foundation/address-guard";
import { FFmpegError } from "node-av/lib";
import { RTCPeerConnection, RtpHeader, RtpPacket, useH264, useOPUS } from "werift";
import type { RTCRtpSender } from "werift";
import type { RelayDestination } from "../relay/protocol.ts";
import type { OpenOptions, Sender, SenderListener } from "../relay/sender.ts";
import { h264Payloads, readAvcConfiguration } from "../rtp/h264.ts";
import type { AvcConfiguration } from "../rtp/h264.ts";
import type { CloseReason } from "../rtmp/errors.ts";
import { readMessage } from "../rtmp/message-body.ts";
import type { MediaMessage } from "../rtmp/message.ts";
import type { OutgoingMessage } from "../rtmp/outgoing.ts";
import type { Taken } from "../rtmp/publisher.ts";
import { OutputQueue } from "./output-queue.ts";
import { OpusPath } from "./whip-output-audio.ts";
import { RtpTrack } from "./whip-output-rtp.ts";
import { endSession, offerSession } from "./whip-output-signalling.ts";
import type { WhipSession } from "./whip-output-signalling.ts";

/** For ICE and DTLS, once the server has answered. */
const connectMs = 8_000;
/** A server that reports nothing for so long does not report: then its consent (RFC 7675) has to do. */
const unreportedMs = 5_000;
/** RTP payload, bytes: with its headers and SRTP's tag it fits into 1,280, which every path carries. */
const maxPayload = 1_180;
/** A keyframe group at once would be lost on the way: so many packets, then a pause. */
const burst = { packets: 20, pauseMs: 5 } as const;

/** The stream has something that WebRTC does not carry; the message is for its user. */
class NotCarried extends Error {
  override readonly name = "NotCarried";
}

/**
 * Publishes by WHIP (RFC 9725): H.264 as it comes, sound as Opus. Answers why
 * not where that is known at once; all else comes to the listener.
 */
export async function openWhip(
  destination: RelayDestination,
  options: OpenOptions,
  listener: SenderListener,
): Promise<Sender | CloseReason> {
  const endpoint = URL.parse(destination.url);
  if (endpoint === null) return { code: "protocol_error", message: "A WHIP address looks like https://host/path." };
  const address = await checkAddress(endpoint.hostname.replace(/^\[|\]$/gu, ""), options);
  if (!address.ok) return { code: address.code, message: address.message };
  const isLocal = address.ip === "::1" || address.ip.startsWith("127.");
  const output = new WhipOutput(endpoint, destination.streamKey, options, listener, isLocal ? [address.ip] : []);
  void output.run();
  return output;
}

/** One WHIP session. What the peer took is known from its receiver reports (RFC 3550, 6.4.2). */
class WhipOutput implements Sender {
  readonly #endpoint: URL;
  readonly #token: string | null;
  readonly #allowedNetworks: readonly string[];
  readonly #listener: SenderListener;
  readonly #queue: OutputQueue;
  readonly #peer: RTCPeerConnection;
  readonly #video: RtpTrack;
  readonly #audio: RtpTrack;
  readonly #opus = new OpusPath();
  #session: WhipSession | null = null;
  #configuration: AvcConfiguration | null = null;
  #isOpen = false;
  #isClosing = false;
  #reason: CloseReason | null = null;
  #sentSince: number | null = null;
  #takenAt: number | null = null;
  #hasReports = false;
  #roundTripMs: number | null = null;
  #inBurst = 0;

  constructor(
    endpoint: URL,
    token: string | null,
    options: OpenOptions,
    listener: SenderListener,
    extraAddresses: string[],
  ) {
    this.#endpoint = endpoint;
    this.#token = token;
    this.#allowedNetworks = options.allowedNetworks;
    this.#listener = listener;
    this.#queue = new OutputQueue(options.maxQueueBytes);
    this.#peer = new RTCPeerConnection({
      codecs: { video: [useH264()], audio: [useOPUS()] },
      // None: the server can be reached, or it could not be sent to.
      iceServers: [],
      iceAdditionalHostAddresses: extraAddresses,
      bundlePolicy: "max-bundle",
    });
    const senderOf = (kind: "video" | "audio"): RTCRtpSender =>
      this.#peer.addTransceiver(kind, { direction: "sendonly" }).sender;
    this.#video = new RtpTrack(senderOf("video"), (news) => this.#reported(news));
    this.#audio = new RtpTrack(senderOf("audio"), (news) => this.#reported(news));
    // Where none is given, werift asks a stranger's STUN server.
    for (const { connection } of this.#peer.iceTransports) delete connection.stunServer;
  }

  get droppedFrames(): number {
    return this.#queue.droppedFrames;
  }

  get roundTripMs(): number | null {
    return this.#roundTripMs;
  }

  taken(): Taken {
    const takenBytes = this.#video.takenBytes + this.#audio.takenBytes;
    return { takenBytes, takenAt: this.#takenAt, acknowledges: this.#hasReports };
  }

  send(message: OutgoingMessage): void {
    if (this.#isOpen) this.#queue.push(message);
  }

  close(): void {
    this.#isClosing = true;
    this.#queue.end();
  }

  /** Connects, sends until closed or lost, and ends the session. Never rejects. */
  async run(): Promise<void> {
    try {
      if (await this.#connect()) {
        this.#isOpen = true;
        if (!this.#isClosing) this.#listener.onPublishing();
        await this.#sendAll();
      }
    } catch (error) {
      this.#reason ??= reasonOf(error);
    }
    this.#isOpen = false;
    this.#queue.end();
    this.#queue.drain();
    this.#opus.free();
    const { resource } = this.#session ?? { resource: null };
    if (resource !== null) await endSession(resource, this.#token, this.#allowedNetworks);
    await this.#peer.close().catch(() => undefined);
    this.#listener.onClosed(this.#isClosing ? null : this.#reason);
  }

  async #connect(): Promise<boolean> {
    await this.#peer.setLocalDescription(await this.#peer.createOffer());
    const offer = this.#peer.localDescription?.sdp ?? "";
    const session = await offerSession(this.#endpoint, this.#token, offer, this.#allowedNetworks);
    if ("code" in session) {
      this.#reason = session;
      return false;
    }
    this.#session = session;
    if (this.#isClosing) return false;
    const connected = Promise.withResolvers<boolean>();
    this.#peer.connectionStateChange.subscribe((state) => {
      if (state === "connected") connected.resolve(true);
      else if (state === "failed" || state === "disconnected" || state === "closed") {
        this.#reason ??= { code: "closed_by_peer", message: "The server closed the connection, or stopped answering." };
        connected.resolve(false);
        this.#queue.end();
      }
    });
    const timer = setTimeout(() => {
      this.#reason ??= {
        code: "connect_failed",
        message: "The server answered, but media does not reach it (ICE). A firewall may be in the way.",
      };
      connected.resolve(false);
    }, connectMs);
    try {
      await this.#peer.setRemoteDescription({ type: "answer", sdp: session.answer });
      return await connected.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  async #sendAll(): Promise<void> {
    for (let next = await this.#queue.take(); next !== null; next = await this.#queue.take()) {
      const { media } = next;
      if (media.kind === "video") await this.#sendVideo(media);
      else if (media.kind === "audio") await this.#sendAudio(media);
      this.#judgeUnreported();
    }
  }

  async #sendVideo(message: MediaMessage): Promise<void> {
    const { codec, body, compositionTime } = readMessage("video", message.payload);
    if (codec !== "h264") throw new NotCarried("TRaX sends H.264 alone by WHIP, and this stream is of another kind.");
    if (message.configuration) {
      this.#configuration = readAvcConfiguration(body);
      return;
    }
    if (this.#configuration === null) return;
    if (
      compositionTime !== 0 &&
      !message.keyframe &&
      this.#video.isBefore(90 * (message.timestamp + compositionTime))
    ) {
      throw new NotCarried("This stream has B-frames, which WebRTC cannot carry. Set the encoder to zero B-frames.");
    }
    const payloads = h264Payloads(body, message.keyframe, this.#configuration, maxPayload);
    const timestamp = Math.round(90 * (message.timestamp + compositionTime));
    for (const [index, parts] of payloads.entries()) {
      await this.#pace();
      const header = new RtpHeader({ timestamp, marker: index === payloads.length - 1 });
      await this.#video.send(new RtpPacket(header, Buffer.concat(parts)));
    }
    this.#sentSince ??= performance.now();
  }

  async #sendAudio(message: MediaMessage): Promise<void> {
    for (const { timestamp, data } of await this.#opus.take(message)) {
      await this.#audio.send(
        new RtpPacket(new RtpHeader({ timestamp: this.#audio.cadence(48 * timestamp, 960) }), data),
      );
      this.#sentSince ??= performance.now();
    }
  }

  async #pace(): Promise<void> {
    this.#inBurst += 1;
    if (this.#inBurst < burst.packets) return;
    this.#inBurst = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, burst.pauseMs);
    await promise;
  }

  #reported(news: { readonly roundTripMs: number | null; readonly took: boolean }): void {
    this.#roundTripMs = news.roundTripMs ?? this.#roundTripMs;
    this.#hasReports = true;
    if (news.took) this.#tookMedia();
  }

  /** Of a server that sends no reports it is known only that it agrees to be sent to. */
  #judgeUnreported(): void {
    const now = performance.now();
    if (this.#hasReports || this.#sentSince === null || now - this.#sentSince < unreportedMs) return;
    if (this.#peer.connectionState !== "connected") return;
    this.#video.takeAll();
    this.#audio.takeAll();
    this.#tookMedia();
  }

  #tookMedia(): void {
    const isFirst = this.#takenAt === null;
    this.#takenAt = performance.now();
    if (isFirst && this.#isOpen) this.#listener.onTaken();
  }
}

function reasonOf(error: unknown): CloseReason {
  if (error instanceof NotCarried) return { code: "protocol_error", message: error.message };
  if (error instanceof FFmpegError) return { code: "protocol_error", message: "This stream's sound cannot be sent." };
  return { code: "protocol_error", message: "The server's answer cannot be understood." };
}
