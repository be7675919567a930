import { isIP } from "node:net";
import { Secret } from "./secret.ts";
import { parseCidr } from "./network.ts";

/**
 * What an operator can set. The environment is read once, here, by one pure
 * function; `docs/configuration.md` is generated from this table.
 */
type Variable<T> = {
  readonly about: string;
  /** What a valid value looks like, in words: part of the error and of the docs. */
  readonly takes: string;
  /** The default as the docs show it. */
  readonly otherwise: string;
  readonly read: (text: string | undefined) => T;
};

class WrongValue extends Error {}

function optional<T>(parse: (text: string) => T, fallback: T): (text: string | undefined) => T {
  return (text) => (text === undefined || text === "" ? fallback : parse(text));
}

function port(fallback: number): (text: string | undefined) => number {
  return optional((text) => {
    if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new WrongValue();
    return Number(text);
  }, fallback);
}

const portTakes = "a port number, 0 for any free one";

function portVariable(fallback: number, about: string): Variable<number> {
  return { about, takes: portTakes, otherwise: String(fallback), read: port(fallback) };
}

function words(about: string, takes: string, otherwise = "unset"): Variable<string | null> {
  return { about, takes, otherwise, read: optional<string | null>((value) => value, null) };
}

const httpUrl = optional<string | null>((value) => {
  const url = URL.parse(value);
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "") throw new WrongValue();
  return url.href.replace(/\/+$/, "");
}, null);

function readBoolean(value: string): boolean {
  if (/^(true|1|on)$/i.test(value)) return true;
  if (/^(false|0|off)$/i.test(value)) return false;
  throw new WrongValue();
}

function networks(value: string): readonly string[] {
  const entries = value.split(",").map((entry) => entry.trim());
  if (entries.some((entry) => parseCidr(entry) === null)) throw new WrongValue();
  return entries;
}

function readRateLimit(value: string): RateLimit {
  const limit = parseRateLimit(value);
  if (limit === null) throw new WrongValue();
  return limit;
}

function readEncryptionKeys(value: string): readonly EncryptionKey[] {
  const keys = value.split(",").map((entry) => {
    const [, id, encoded] = /^([0-9A-Za-z_-]{1,16}):([0-9A-Za-z+/=_-]+)$/.exec(entry.trim()) ?? [];
    if (id === undefined || encoded === undefined) throw new WrongValue();
    const bytes = Buffer.from(encoded, "base64");
    if (bytes.length !== 32) throw new WrongValue();
    return { id, key: new Secret(bytes.toString("base64")) };
  });
  // A new key under an old one's id would leave all that the old one sealed unreadable.
  if (new Set(keys.map(({ id }) => id)).size !== keys.length) throw new WrongValue();
  return keys;
}

/** `stun:host:port`, `turn:host:port`, `turns:…`, the latter two with `user:password@` before the host. */
function readIceServers(value: string): readonly IceServer[] {
  return value.split(",").map((entry) => {
    const [, scheme, username, password, address] =
      /^(stuns?|turns?):(?:([^:@,\s]+):([^@,\s]+)@)?([\w.:[\]-]+(?:\?transport=(?:udp|tcp))?)$/.exec(entry.trim()) ??
      [];
    if (scheme === undefined || address === undefined) throw new WrongValue();
    if (scheme.startsWith("turn") !== (username !== undefined)) throw new WrongValue();
    return {
      url: `${scheme}:${address}`,
      username: username ?? null,
      password: password === undefined ? null : new Secret(password),
    };
  });
}

/** A STUN server, or a TURN server with its credential. */
export type IceServer = { readonly url: string; readonly username: string | null; readonly password: Secret | null };

/** A key-encryption key: `id` is its version, kept beside what it encrypted. */
export type EncryptionKey = { readonly id: string; readonly key: Secret };

export const variables = {
  DATABASE_URL: {
    about: "The PostgreSQL database. Replaces the embedded one of `./trax up`.",
    takes: "a postgres:// URL",
    otherwise: "the embedded database",
    read: optional<Secret | null>((value) => {
      if (!/^postgres(ql)?:\/\//.test(value)) throw new WrongValue();
      return new Secret(value);
    }, null),
  },
  PUBLIC_API_WRITE_ENABLED: {
    about: "Whether `/v1` accepts writes. Reads and running shows go on while it is off.",
    takes: "true or false",
    otherwise: "false; `./trax up` sets true",
    read: optional(readBoolean, false),
  },
  TRAX_PUBLIC_URL: {
    about: "Where clients reach the API. Publishers are told its host name.",
    takes: "an http:// or https:// URL without query",
    otherwise: "http://127.0.0.1:<TRAX_HTTP_PORT>",
    read: httpUrl,
  },
  TRAX_HOST: {
    about: "The address the HTTP API and the media ports listen on.",
    takes: "an IP address",
    otherwise: "0.0.0.0",
    read: optional((value) => {
      if (isIP(value) === 0) throw new WrongValue();
      return value;
    }, "0.0.0.0"),
  },
  TRAX_HTTP_PORT: portVariable(8080, "The API, `/v1`."),
  TRAX_RTMP_PORT: portVariable(1935, "RTMP in (TCP)."),
  TRAX_RTMPS_PORT: portVariable(1936, "RTMPS in (TCP)."),
  TRAX_SRT_PORT: portVariable(8890, "SRT in (UDP)."),
  TRAX_SRT_PASSPHRASE: {
    about:
      "What SRT in and out is encrypted with, for all who publish or watch: it is in the addresses that they are given.",
    takes: "10 to 79 letters, digits, and signs of . _ ~ -",
    otherwise: "SRT is not encrypted",
    read: optional<Secret | null>((value) => {
      if (!/^[\w.~-]{10,79}$/.test(value)) throw new WrongValue();
      return new Secret(value);
    }, null),
  },
  TRAX_WEBRTC_PORT: portVariable(8889, "WebRTC signalling between the API and the media node (TCP, loopback only)."),
  TRAX_WEBRTC_UDP_PORT: portVariable(8189, "WebRTC media (UDP)."),
  TRAX_ICE_SERVERS: {
    about:
      "STUN and TURN servers for browsers that cannot reach the media port directly. A TURN password is shown to everybody who may publish or watch.",
    takes: "stun:host:port, turn:user:password@host:port or turns:…, separated by commas",
    otherwise: "none: the media node's own addresses",
    read: optional<readonly IceServer[]>(readIceServers, []),
  },
  TRAX_HLS_PORT: portVariable(8888, "HLS out (TCP)."),
  TRAX_MOQ_PORT: portVariable(8892, "Media over QUIC out (UDP)."),
  TRAX_OPERATOR_PORT: portVariable(9090, "Prometheus metrics, on loopback only."),
  TRAX_ALLOWED_NETWORKS: {
    about: "Networks that destinations and the like may reach although they are not public.",
    takes: "CIDRs, separated by commas",
    otherwise: "none; `./trax up` sets 127.0.0.0/8,::1/128",
    read: optional(networks, []),
  },
  TRAX_REDIRECT_URIS: {
    about: "Where else than on its own origin a browser may be sent once an account was linked, each exactly.",
    takes: "http:// or https:// URLs, separated by commas",
    otherwise: "none",
    read: optional<readonly string[]>((value) => {
      const entries = value.split(",").map((entry) => entry.trim());
      if (entries.some((entry) => !/^https?:$/.test(URL.parse(entry)?.protocol ?? ""))) throw new WrongValue();
      return entries;
    }, []),
  },
  TRAX_TRUSTED_PROXIES: {
    about: "Reverse proxies whose `X-Forwarded-For` is believed about who the client is.",
    takes: "CIDRs, separated by commas",
    otherwise: "none: the connection's own address counts",
    read: optional(networks, []),
  },
  TRAX_RATE_LIMIT: {
    about: "Requests a credential may make, as a token bucket of that size.",
    takes: "requests/seconds, as in 600/60",
    otherwise: "600/60",
    read: optional(readRateLimit, { requests: 600, seconds: 60 }),
  },
  TRAX_ENCRYPTION_KEYS: {
    about: "Keys that encrypt secrets at rest. The first encrypts, all decrypt; put a new one in front to rotate.",
    takes: "id:base64 of 32 bytes, separated by commas, each id once",
    otherwise: "made by `./trax up` and kept in the data directory",
    read: optional<readonly EncryptionKey[]>(readEncryptionKeys, []),
  },
  TRAX_DATA_DIR: {
    about: "Where state that is not in PostgreSQL lives; set by `./trax up --data`.",
    takes: "a directory",
    otherwise: ".trax",
    read: optional((value) => value, ".trax"),
  },
  TRAX_S3_BUCKET: words(
    "A bucket of S3 for the media library, in place of `objects` in the data directory.",
    "a bucket's name",
    "files are kept in the data directory",
  ),
  TRAX_S3_ENDPOINT: {
    about: "The S3 server of TRAX_S3_BUCKET, as clients reach it too: they upload to it and download from it.",
    takes: "an http:// or https:// URL without query",
    otherwise: "AWS, by TRAX_S3_REGION",
    read: httpUrl,
  },
  TRAX_S3_REGION: {
    about: "The region of TRAX_S3_BUCKET.",
    takes: "a region's name",
    otherwise: "us-east-1",
    read: optional((value) => value, "us-east-1"),
  },
  TRAX_S3_ACCESS_KEY_ID: words(
    "The access key of TRAX_S3_BUCKET.",
    "an access key id",
    "what the AWS SDK finds by itself, such as an instance's role",
  ),
  TRAX_S3_SECRET_ACCESS_KEY: {
    about: "The secret of TRAX_S3_ACCESS_KEY_ID.",
    takes: "a secret access key",
    otherwise: "unset",
    read: optional<Secret | null>((value) => new Secret(value), null),
  },
  TRAX_S3_FORCE_PATH_STYLE: {
    about: "Whether the bucket's name goes into the path of URLs rather than into the host.",
    takes: "true or false",
    otherwise: "true where TRAX_S3_ENDPOINT is set",
    read: optional<boolean | null>(readBoolean, null),
  },
  TRAX_MEDIA_UPLOAD_TTL_S: {
    about: "How long an upload to the media library may be begun or gone on with after it was asked for.",
    takes: "seconds, 1 to 604800",
    otherwise: "3600",
    read: optional((value) => {
      if (!/^[1-9]\d{0,5}$/.test(value) || Number(value) > 604_800) throw new WrongValue();
      return Number(value);
    }, 3600),
  },
  TRAX_MEDIA_QUOTA_BYTES: {
    about:
      "Bytes that an account may have in the media library, as uploaded and recorded, unless it has a quota of its own.",
    takes: "a whole number of bytes",
    otherwise: "53687091200 (50 GiB)",
    read: optional((value) => {
      if (!/^\d{1,15}$/.test(value)) throw new WrongValue();
      return Number(value);
    }, 53_687_091_200),
  },
  TRAX_MEDIAMTX_BINARY: words("A MediaMTX binary to use as it is.", "a path"),
  TRAX_PROGRAM_CORES: {
    about: "Processor cores of a media node that composed programs may use; a go-live that does not fit is refused.",
    takes: "a number above 0, such as 3.5",
    otherwise: "nine tenths of the node's",
    read: optional<number | null>((value) => {
      if (!/^\d{1,5}(\.\d{1,3})?$/.test(value) || Number(value) === 0) throw new WrongValue();
      return Number(value);
    }, null),
  },
  TRAX_RTMPS_CERT: words("The certificate chain of the RTMPS port, PEM.", "a path", "a self-signed one"),
  TRAX_RTMPS_KEY: words("The private key of TRAX_RTMPS_CERT, PEM.", "a path"),
  TRAX_LOG_LEVEL: {
    about: "How much is logged.",
    takes: "trace, debug, info, warn, error or silent",
    otherwise: "info",
    read: optional((value) => {
      if (!/^(trace|debug|info|warn|error|silent)$/.test(value)) throw new WrongValue();
      return value;
    }, "info"),
  },
} satisfies Record<string, Variable<unknown>>;

/** A limit as `requests/seconds`, or null when the text is none. */
export function parseRateLimit(value: string): RateLimit | null {
  const match = /^([1-9]\d{0,8})\/([1-9]\d{0,5})$/.exec(value);
  return match === null ? null : { requests: Number(match[1]), seconds: Number(match[2]) };
}

export type RateLimit = { readonly requests: number; readonly seconds: number };

type Variables = typeof variables;

/** Every variable under its own name, read and typed. */
export type Config = { readonly [Name in keyof Variables]: ReturnType<Variables[Name]["read"]> } & {
  readonly platformSettings: PlatformSettings;
};

/**
 * Whatever is set as `TRAX_<PLATFORM>_<NAME>`, by the whole name. Which of these
 * mean something, the platforms' adapters say; any may be a secret.
 */
export type PlatformSettings = ReadonlyMap<string, Secret>;

function readPlatformSettings(environment: Environment): PlatformSettings {
  const found = Object.entries(environment).flatMap(([name, text]): [string, Secret][] =>
    /^TRAX_[A-Z0-9]+_[A-Z0-9_]+$/.test(name) && !Object.hasOwn(variables, name) && text !== undefined
      ? [[name, new Secret(text)]]
      : [],
  );
  return new Map(found);
}

/** Names each wrong variable and what it takes; never the value, which may be a secret. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the whole configuration, or throws one `ConfigError` that lists everything wrong with it. Pure. */
export function readConfig(environment: Environment): Config {
  const wrong: string[] = [];
  const read = <T>(name: string, variable: Variable<T>): T => {
    try {
      return variable.read(environment[name]);
    } catch (error) {
      if (!(error instanceof WrongValue)) throw error;
      wrong.push(`${name} is not valid: it takes ${variable.takes}`);
      return variable.read(undefined);
    }
  };
  const config: Config = {
    DATABASE_URL: read("DATABASE_URL", variables.DATABASE_URL),
    PUBLIC_API_WRITE_ENABLED: read("PUBLIC_API_WRITE_ENABLED", variables.PUBLIC_API_WRITE_ENABLED),
    TRAX_PUBLIC_URL: read("TRAX_PUBLIC_URL", variables.TRAX_PUBLIC_URL),
    TRAX_HOST: read("TRAX_HOST", variables.TRAX_HOST),
    TRAX_HTTP_PORT: read("TRAX_HTTP_PORT", variables.TRAX_HTTP_PORT),
    TRAX_RTMP_PORT: read("TRAX_RTMP_PORT", variables.TRAX_RTMP_PORT),
    TRAX_RTMPS_PORT: read("TRAX_RTMPS_PORT", variables.TRAX_RTMPS_PORT),
    TRAX_SRT_PORT: read("TRAX_SRT_PORT", variables.TRAX_SRT_PORT),
    TRAX_SRT_PASSPHRASE: read("TRAX_SRT_PASSPHRASE", variables.TRAX_SRT_PASSPHRASE),
    TRAX_WEBRTC_PORT: read("TRAX_WEBRTC_PORT", variables.TRAX_WEBRTC_PORT),
    TRAX_WEBRTC_UDP_PORT: read("TRAX_WEBRTC_UDP_PORT", variables.TRAX_WEBRTC_UDP_PORT),
    TRAX_ICE_SERVERS: read("TRAX_ICE_SERVERS", variables.TRAX_ICE_SERVERS),
    TRAX_HLS_PORT: read("TRAX_HLS_PORT", variables.TRAX_HLS_PORT),
    TRAX_MOQ_PORT: read("TRAX_MOQ_PORT", variables.TRAX_MOQ_PORT),
    TRAX_OPERATOR_PORT: read("TRAX_OPERATOR_PORT", variables.TRAX_OPERATOR_PORT),
    TRAX_ALLOWED_NETWORKS: read("TRAX_ALLOWED_NETWORKS", variables.TRAX_ALLOWED_NETWORKS),
    TRAX_REDIRECT_URIS: read("TRAX_REDIRECT_URIS", variables.TRAX_REDIRECT_URIS),
    TRAX_TRUSTED_PROXIES: read("TRAX_TRUSTED_PROXIES", variables.TRAX_TRUSTED_PROXIES),
    TRAX_RATE_LIMIT: read("TRAX_RATE_LIMIT", variables.TRAX_RATE_LIMIT),
    TRAX_ENCRYPTION_KEYS: read("TRAX_ENCRYPTION_KEYS", variables.TRAX_ENCRYPTION_KEYS),
    TRAX_DATA_DIR: read("TRAX_DATA_DIR", variables.TRAX_DATA_DIR),
    TRAX_S3_BUCKET: read("TRAX_S3_BUCKET", variables.TRAX_S3_BUCKET),
    TRAX_S3_ENDPOINT: read("TRAX_S3_ENDPOINT", variables.TRAX_S3_ENDPOINT),
    TRAX_S3_REGION: read("TRAX_S3_REGION", variables.TRAX_S3_REGION),
    TRAX_S3_ACCESS_KEY_ID: read("TRAX_S3_ACCESS_KEY_ID", variables.TRAX_S3_ACCESS_KEY_ID),
    TRAX_S3_SECRET_ACCESS_KEY: read("TRAX_S3_SECRET_ACCESS_KEY", variables.TRAX_S3_SECRET_ACCESS_KEY),
    TRAX_S3_FORCE_PATH_STYLE: read("TRAX_S3_FORCE_PATH_STYLE", variables.TRAX_S3_FORCE_PATH_STYLE),
    TRAX_MEDIA_UPLOAD_TTL_S: read("TRAX_MEDIA_UPLOAD_TTL_S", variables.TRAX_MEDIA_UPLOAD_TTL_S),
    TRAX_MEDIA_QUOTA_BYTES: read("TRAX_MEDIA_QUOTA_BYTES", variables.TRAX_MEDIA_QUOTA_BYTES),
    TRAX_MEDIAMTX_BINARY: read("TRAX_MEDIAMTX_BINARY", variables.TRAX_MEDIAMTX_BINARY),
    TRAX_PROGRAM_CORES: read("TRAX_PROGRAM_CORES", variables.TRAX_PROGRAM_CORES),
    TRAX_RTMPS_CERT: read("TRAX_RTMPS_CERT", variables.TRAX_RTMPS_CERT),
    TRAX_RTMPS_KEY: read("TRAX_RTMPS_KEY", variables.TRAX_RTMPS_KEY),
    TRAX_LOG_LEVEL: read("TRAX_LOG_LEVEL", variables.TRAX_LOG_LEVEL),
    platformSettings: readPlatformSettings(environment),
  };
  if (wrong.length > 0) throw new ConfigError(wrong.join("\n"));
  return config;
}
