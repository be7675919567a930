import { timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { BlockList, isIPv4 } from "node:net";
import { Secret } from "@trax/foundation/secret";
import { z } from "zod";

/** What a client asks the router to be allowed to do. */
export type AuthRequest = {
  readonly action: "publish" | "read";
  /** As the client wrote it, such as `in/src_...`. */
  readonly path: string;
  /** RTMPS says `rtmp` here; which it was, the API's list of paths tells. */
  readonly protocol: "rtmp" | "srt" | "webrtc" | "hls" | "moq" | "rtsp";
  /** The id to kick it by; null for what is no connection yet (pages and playlists over HTTP). */
  readonly connectionId: string | null;
  readonly ip: string;
  readonly userAgent: string;
  readonly token: Secret | null;
};

export type AuthDecision = { readonly allow: true } | { readonly allow: false; readonly reason: string };

export type AuthCallbackOptions = {
  /** 0 for any free one. */
  readonly port: number;
  /** With it our own workers and our own API client are let in, from loopback only. */
  readonly internalPassword: Secret;
  /** May be asked twice for one client, and about clients that go away meanwhile. */
  readonly decide: (request: AuthRequest) => Promise<AuthDecision>;
  /** A refusal, for the log: never holds the token. */
  readonly onRefused?: (request: Omit<AuthRequest, "token">, reason: string) => void;
  /** Less than the router's own 10 s; a decision that takes longer is a refusal. */
  readonly deadlineMs?: number;
};

export type AuthCallback = { readonly port: number; readonly close: () => Promise<void> };

/** The user name of our own workers and of our own API client. */
export const internalUser = "internal";

const maxBodyBytes = 64 * 1024;

const Body = z.object({
  ip: z.string(),
  user: z.string(),
  password: z.string(),
  token: z.string(),
  action: z.enum(["publish", "read", "playback", "api", "metrics", "pprof"]),
  path: z.string(),
  protocol: z.union([z.enum(["rtmp", "srt", "webrtc", "hls", "moq", "rtsp"]), z.literal("")]),
  id: z.string().nullable(),
  query: z.string(),
  userAgent: z.string(),
});

/**
 * Answers MediaMTX's `authHTTPAddress` on loopback: 204 allows, anything else
 * refuses. It keeps no state, and fails closed: what it cannot read, what is
 * not decided in time and what throws is refused.
 */
export async function startAuthCallback(options: AuthCallbackOptions): Promise<AuthCallback> {
  const server = createServer((request, response) => void answer(options, request, response));
  server.listen(options.port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the auth callback has no port");
  return { port: address.port, close: () => close(server) };
}

async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}

async function answer(options: AuthCallbackOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const allowed = await judge(options, request).catch(() => false);
  // No body on a refusal: MediaMTX writes it to its log.
  response.writeHead(allowed ? 204 : 403).end();
}

async function judge(options: AuthCallbackOptions, request: IncomingMessage): Promise<boolean> {
  const body = Body.parse(JSON.parse(await readBody(request)));
  if (body.user === internalUser) return isInternal(body, options.internalPassword);
  const { action, protocol } = body;
  if ((action !== "publish" && action !== "read") || protocol === "") return false;
  const asked: AuthRequest = {
    action,
    path: body.path,
    protocol,
    connectionId: body.id,
    ip: body.ip,
    userAgent: body.userAgent,
    token: tokenOf(body),
  };
  const decision = await inTime(options, asked);
  if (!decision.allow) {
    const { token: _token, ...shown } = asked;
    options.onRefused?.(shown, decision.reason);
  }
  return decision.allow;
}

async function inTime(options: AuthCallbackOptions, asked: AuthRequest): Promise<AuthDecision> {
  const { deadlineMs = 4000 } = options;
  const { promise: late, resolve } = Promise.withResolvers<AuthDecision>();
  const timer = setTimeout(() => resolve({ allow: false, reason: "not decided in time" }), deadlineMs);
  try {
    return await Promise.race([options.decide(asked), late]);
  } catch {
    return { allow: false, reason: "could not be decided" };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * RTMP's and RTSP's `?token=`, SRT's password and HTTP's Bearer token all come
 * in `token`; HLS's `?token=` comes only in the query.
 */
function tokenOf(body: z.infer<typeof Body>): Secret | null {
  const text = body.token || body.password || new URLSearchParams(body.query).get("token");
  return text === null || text === "" ? null : new Secret(text);
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

function isInternal(body: z.infer<typeof Body>, password: Secret): boolean {
  const given = Buffer.from(body.password);
  const wanted = Buffer.from(password.reveal());
  const local = loopback.check(body.ip, isIPv4(body.ip) ? "ipv4" : "ipv6");
  return local && given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) throw new Error("the body is not bytes");
    size += chunk.length;
    if (size > maxBodyBytes) throw new Error("the body is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
