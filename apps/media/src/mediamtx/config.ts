import type { IceServer } from "@trax/foundation/config";
import type { Secret } from "@trax/foundation/secret";
import { stringify } from "yaml";

/** Where the router listens. Every address is `host:port`; an empty host is every interface, IPv4 and IPv6. */
export type RouterAddresses = {
  readonly rtmp: string;
  /** With its certificate, which is read again by itself when the files change. */
  readonly rtmps: { readonly address: string; readonly certPath: string; readonly keyPath: string };
  /** UDP. With a passphrase whoever has another one, or none, is refused. */
  readonly srt: { readonly address: string; readonly passphrase: Secret | null };
  /** HTTP signalling (proxied under the API's own origin, so loopback), UDP media, and names or addresses to offer to peers. */
  readonly webrtc: {
    readonly http: string;
    readonly udp: string;
    readonly additionalHosts: readonly string[];
    readonly iceServers: readonly IceServer[];
  } | null;
  /** HTTP, for players themselves. */
  readonly hls: string | null;
};

/** Ports on 127.0.0.1 between the router and its owner; RTSP is what our own workers publish by. */
export type RouterLoopback = { readonly apiPort: number; readonly authPort: number; readonly rtspPort: number };

const idSuffix = "[0-7][0-9a-hjkmnp-tv-z]{25}";
const mediaTimeout = "10s";

/**
 * The YAML that MediaMTX 1.20.1 is started with. The same input gives the same
 * text, so that its hash tells whether a running router is the one wanted.
 */
export function routerConfig(addresses: RouterAddresses, loopback: RouterLoopback): string {
  return stringify({
    // `info` would log stream ids that cannot be parsed, and those may hold a token.
    logLevel: "warn",
    // Its owner made stdout a file, so that it outlives its owner and panics land there too.
    logDestinations: ["stdout"],
    logStructured: true,
    readTimeout: mediaTimeout,
    writeTimeout: mediaTimeout,
    writeQueueSize: 1024,
    udpMaxPayloadSize: 1452,

    // The API asks the callback too: an open one could be reached by any page in a browser on this machine.
    authMethod: "http",
    authHTTPAddress: `http://127.0.0.1:${loopback.authPort}/`,
    authHTTPExclude: [],
    api: true,
    apiAddress: `127.0.0.1:${loopback.apiPort}`,
    apiAllowOrigins: [],
    metrics: false,
    pprof: false,
    playback: false,

    rtsp: true,
    rtspTransports: ["tcp"],
    rtspAddress: `127.0.0.1:${loopback.rtspPort}`,
    rtmp: true,
    rtmpEncryption: "optional",
    rtmpAddress: addresses.rtmp,
    rtmpsAddress: addresses.rtmps.address,
    rtmpServerCert: addresses.rtmps.certPath,
    rtmpServerKey: addresses.rtmps.keyPath,
    srt: true,
    srtAddress: addresses.srt.address,
    ...webrtcConfig(addresses.webrtc),
    ...hlsConfig(addresses.hls),
    moq: false,

    pathDefaults: {
      source: "publisher",
      overridePublisher: false,
      record: false,
      ...passphrases(addresses.srt.passphrase),
    },
    paths: {
      [`~^in/src_${idSuffix}$`]: {},
      [`~^program/std_${idSuffix}$`]: {},
      // With Opus in place of AAC, and no B-frames: what WebRTC can carry.
      [`~^(program|preview)/std_${idSuffix}/rtc$`]: {},
    },
  });
}

function passphrases(passphrase: Secret | null): object {
  if (passphrase === null) return {};
  return { srtPublishPassphrase: passphrase.reveal(), srtReadPassphrase: passphrase.reveal() };
}

function webrtcConfig(webrtc: RouterAddresses["webrtc"]): object {
  if (webrtc === null) return { webrtc: false };
  return {
    webrtc: true,
    webrtcAddress: webrtc.http,
    webrtcTrustedProxies: ["127.0.0.1", "::1"],
    webrtcLocalUDPAddress: webrtc.udp,
    webrtcAdditionalHosts: [...webrtc.additionalHosts],
    webrtcICEServers2: webrtc.iceServers.map(({ url, username, password }) => ({
      url,
      ...(username === null ? {} : { username }),
      ...(password === null ? {} : { password: password.reveal() }),
    })),
  };
}

function hlsConfig(hls: RouterAddresses["hls"]): object {
  if (hls === null) return { hls: false };
  return { hls: true, hlsAddress: hls, hlsTrustedProxies: ["127.0.0.1", "::1"], hlsVariant: "lowLatency" };
}
