import { checkAddress } from "@trax/foundation/address-guard";
import { parseRtmpUrl } from "../../relay/rtmp-url.ts";
import type { RtmpUrl } from "../../relay/rtmp-url.ts";
import type { CloseReason } from "../../rtmp/errors.ts";
import { playRtmp } from "../../rtmp/player.ts";
import type { RtmpPlayer } from "../../rtmp/player.ts";
import type { SourceFault } from "../protocol.ts";
import type { Reader, ReaderListener } from "../source-input.ts";
import { Retry } from "./retry.ts";

/** A connection that says nothing for so long is opened anew. */
const silentMs = 10_000;

const faultCodes: Readonly<Partial<Record<CloseReason["code"], SourceFault["code"]>>> = {
  address_refused: "address_refused",
  dns_failed: "dns_failed",
  connect_failed: "connect_failed",
  tls_failed: "tls_failed",
  auth_refused: "auth_refused",
  protocol_error: "unsupported_format",
};

/** Pulls RTMP or RTMPS from somebody else's server, at an address that is checked with each attempt. */
export class RtmpPull implements Reader {
  readonly #target: RtmpUrl | null;
  readonly #allowed: { readonly allowedNetworks: readonly string[] };
  readonly #listener: ReaderListener;
  readonly #retry = new Retry();
  #player: RtmpPlayer | null = null;
  #heardAt = 0;
  #receivedBytes = 0;
  #isClosed = false;

  constructor(url: string, allowed: { readonly allowedNetworks: readonly string[] }, listener: ReaderListener) {
    this.#target = parseRtmpUrl(url, null);
    this.#allowed = allowed;
    this.#listener = listener;
    void this.#run();
  }

  /** Of all connections so far. */
  get receivedBytes(): number {
    return this.#receivedBytes + (this.#player?.receivedBytes ?? 0);
  }

  tick(now: number): void {
    if (this.#player !== null && now - this.#heardAt > silentMs) this.#player.close();
  }

  close(): void {
    this.#isClosed = true;
    this.#player?.close();
    this.#retry.end();
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      this.#retry.begin();
      const fault = await this.#play();
      if (this.#isClosed) return;
      this.#listener.onLost(fault);
      await this.#retry.wait();
    }
  }

  async #play(): Promise<SourceFault> {
    if (this.#target === null)
      return {
        code: "unsupported_format",
        message: "An RTMP address needs an app and a stream, like rtmp://host/app/stream.",
      };
    const { host, port, app, streamName, tls, tcUrl } = this.#target;
    const address = await checkAddress(host, this.#allowed);
    if (!address.ok) return { code: address.code, message: address.message };
    const { promise, resolve } = Promise.withResolvers<CloseReason | null>();
    if (this.#isClosed) resolve(null);
    let isFirst = true;
    this.#heardAt = performance.now();
    const player = playRtmp(
      { host: address.ip, port, app, streamName, tcUrl, tls: tls ? { serverName: host } : null },
      {
        onMessage: (message) => {
          if (this.#isClosed) return;
          this.#heardAt = performance.now();
          if (isFirst) {
            isFirst = false;
            this.#retry.succeeded();
            this.#listener.onStart();
          }
          this.#listener.onMessage(message);
        },
        onClosed: resolve,
      },
    );
    this.#player = player;
    const reason = await promise;
    this.#receivedBytes += player.receivedBytes;
    this.#player = null;
    if (this.#isClosed) player.close();
    return reason === null
      ? { code: "closed_by_peer", message: "The server sends nothing any more." }
      : { code: faultCodes[reason.code] ?? "closed_by_peer", message: reason.message };
  }
}
