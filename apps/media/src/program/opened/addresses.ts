import { fileURLToPath } from "node:url";
import { checkAddress } from "@trax/foundation/address-guard";
import { ffmpegSrtUrl, readSrtUrl } from "../../ffmpeg/srt-url.ts";
import type { ProgramSource, SourceFault } from "../protocol.ts";
import { GuardProxy } from "./guard-proxy.ts";
import type { ProxyLease } from "./guard-proxy.ts";
import { openRtspGate } from "./rtsp-gate.ts";

/** What FFmpeg is to open, leading nowhere but to checked addresses. */
export type OpenAddress = {
  /** Secret. */
  readonly url: string;
  readonly options: Readonly<Record<string, string>>;
  /** It comes at its own pace, and what is not taken is lost. */
  readonly isLive: boolean;
  /** What went wrong on the way, where that is known better than FFmpeg tells. */
  readonly fault: () => SourceFault | null;
  readonly close: () => void;
};

const deadlineMs = 10_000;
const deadline = String(deadlineMs * 1_000);
/** For finding out what is in it. */
const probe = { probesize: "5000000", analyzeduration: "2000000" };
const containers = "mov,matroska,webm,mp3,ogg,wav,flac,aac,mpegts,flv,avi";
const images = "gif,png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,image2,apng";
const incomplete: SourceFault = { code: "unsupported_format", message: "The source's address is not complete." };

/** Opens ways to addresses of clips and pulled streams for FFmpeg, each checked when it is connected to. */
export class Addresses {
  /** CIDRs that may be reached although they are not public. */
  allowedNetworks: readonly string[] = [];
  /** The `file:` URLs that may be opened: of the media library, as the agent says. */
  files: ReadonlySet<string> = new Set();
  #proxy: Promise<GuardProxy> | null = null;

  /** Never rejects because of the address. */
  async open(text: string, kind: ProgramSource["kind"]): Promise<OpenAddress | SourceFault> {
    const url = URL.parse(text);
    if (url === null) return incomplete;
    switch (url.protocol) {
      case "http:":
      case "https:":
        return this.#http(text, kind);
      case "rtsp:":
      case "rtsps:":
        return this.#rtsp(url);
      case "srt:":
        return this.#srt(text);
      case "file:":
        return this.files.has(text) ? openFile(url) : incomplete;
      default:
        return incomplete;
    }
  }

  /** Leave to use the proxy that leads to checked addresses only; closed by whoever asks. */
  async lease(): Promise<ProxyLease> {
    this.#proxy ??= GuardProxy.listen();
    return (await this.#proxy).lease(this.allowedNetworks);
  }

  async close(): Promise<void> {
    (await this.#proxy)?.close();
  }

  async #http(url: string, kind: ProgramSource["kind"]): Promise<OpenAddress> {
    const lease = await this.lease();
    return {
      url,
      options: {
        http_proxy: lease.url,
        rw_timeout: deadline,
        // What a playlist may name, and what it may hold: no file, no list of anything else.
        protocol_whitelist: "http,https,tls,tcp,httpproxy,crypto",
        format_whitelist: kind === "pull" ? `hls,${containers}` : `${containers},${images}`,
        ...probe,
        ...(kind === "pull" ? {} : { reconnect: "1", reconnect_delay_max: "2" }),
      },
      isLive: false,
      fault: lease.fault,
      close: lease.close,
    };
  }

  async #rtsp(url: URL): Promise<OpenAddress | SourceFault> {
    const name = url.hostname.replace(/^\[|\]$/gu, "");
    const address = await checkAddress(name, this);
    if (!address.ok) return { code: address.code, message: address.message };
    const isTls = url.protocol === "rtsps:";
    const port = url.port === "" ? (isTls ? 322 : 554) : Number(url.port);
    const gate = await openRtspGate({ address: { ...address, port }, tls: isTls ? { serverName: name } : null });
    const user = url.username === "" ? "" : `${url.username}:${url.password}@`;
    return {
      url: `rtsp://${user}127.0.0.1:${gate.port}${url.pathname}${url.search}`,
      options: {
        rtsp_transport: "tcp",
        timeout: deadline,
        protocol_whitelist: "rtsp,rtp,tcp",
        format_whitelist: "rtsp",
        ...probe,
      },
      isLive: true,
      fault: gate.fault,
      close: gate.close,
    };
  }

  async #srt(text: string): Promise<OpenAddress | SourceFault> {
    const target = readSrtUrl(text, null);
    if (typeof target === "string") return { code: "unsupported_format", message: target };
    const address = await checkAddress(target.host, this);
    if (!address.ok) return { code: address.code, message: address.message };
    return {
      url: ffmpegSrtUrl(target, address, deadlineMs / 2),
      options: { protocol_whitelist: "srt", format_whitelist: "mpegts", ...probe },
      isLive: true,
      fault: () => null,
      close: () => undefined,
    };
  }
}

function openFile(url: URL): OpenAddress {
  return {
    url: `file:${fileURLToPath(url)}`,
    options: { protocol_whitelist: "file", format_whitelist: `${containers},${images}`, ...probe },
    isLive: false,
    fault: () => null,
    close: () => undefined,
  };
}
