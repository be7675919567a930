import { randomBytes } from "node:crypto";
import { createServer, request as requestHttp } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream";
import { createSecureContext, TLSSocket } from "node:tls";
import type { SecureContext } from "node:tls";
import { checkAddress } from "@trax/foundation/address-guard";
import { generate } from "selfsigned";
import { openSocket } from "../../rtmp/socket.ts";
import type { SourceFault } from "../protocol.ts";

/** Leave to use the proxy, for one source. */
export type ProxyLease = {
  /** With its credential; secret. */
  readonly url: string;
  /** What last went wrong on the way, or null. */
  readonly fault: () => SourceFault | null;
  readonly close: () => void;
};

type Holder = { readonly allowedNetworks: readonly string[]; fault: SourceFault | null };

const connectTimeoutMs = 10_000;
const unreachable: SourceFault = { code: "connect_failed", message: "The server cannot be reached." };
const untrusted: SourceFault = {
  code: "tls_failed",
  message: "The server's certificate is not one that can be trusted for this name.",
};

/**
 * An HTTP proxy on loopback that FFmpeg fetches clips and HLS through, so that
 * every address that it meets (redirects, playlists, segments and keys on other
 * hosts) is checked, and connected to as checked. TLS ends here, with FFmpeg by
 * a certificate that nobody verifies, with the server by one that is verified
 * for its name: FFmpeg verifies none for the segments of a playlist.
 */
export class GuardProxy {
  readonly #server: Server;
  readonly #tls: SecureContext;
  readonly #holders = new Map<string, Holder>();
  readonly #sockets = new Set<Duplex>();

  private constructor(server: Server, tls: SecureContext) {
    this.#server = server;
    this.#tls = tls;
    server.on("connection", (socket: Socket) => this.#own(socket));
    server.on("request", (request, response) => void this.#forward(request, response));
    server.on("connect", (request: IncomingMessage, client: Socket, head: Buffer) => {
      client.on("error", () => client.destroy());
      void this.#tunnel(request, client, head);
    });
  }

  static async listen(): Promise<GuardProxy> {
    const made = await generate([{ name: "commonName", value: "loopback" }], { keyType: "ec", curve: "P-256" });
    const server = createServer();
    const proxy = new GuardProxy(server, createSecureContext({ key: made.private, cert: made.cert }));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
    await promise;
    return proxy;
  }

  lease(allowedNetworks: readonly string[]): ProxyLease {
    const [user, password] = [randomBytes(8).toString("hex"), randomBytes(24).toString("hex")];
    const credential = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    const holder: Holder = { allowedNetworks, fault: null };
    this.#holders.set(credential, holder);
    return {
      url: `http://${user}:${password}@127.0.0.1:${this.#port}`,
      fault: () => holder.fault,
      close: () => void this.#holders.delete(credential),
    };
  }

  close(): void {
    this.#holders.clear();
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  get #port(): number {
    const address: AddressInfo | string | null = this.#server.address();
    return address === null || typeof address === "string" ? 0 : address.port;
  }

  #own(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  #holderOf(request: IncomingMessage): Holder | null {
    return this.#holders.get(request.headers["proxy-authorization"] ?? "") ?? null;
  }

  /** `GET http://…` in absolute form (RFC 9112, section 3.2.2). */
  async #forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const holder = this.#holderOf(request);
    if (holder === null) {
      response.writeHead(407, { "proxy-authenticate": 'Basic realm="trax"' }).end();
      return;
    }
    const url = URL.parse(request.url ?? "");
    const fail = (status: number, fault: SourceFault): void => {
      holder.fault = fault;
      if (response.headersSent) response.destroy();
      else response.writeHead(status).end();
    };
    if (url?.protocol !== "http:" || (request.method !== "GET" && request.method !== "HEAD")) {
      response.writeHead(400).end();
      return;
    }
    const address = await checkAddress(url.hostname, holder);
    if (!address.ok) return fail(403, { code: address.code, message: address.message });
    if (response.destroyed) return;
    const upstream = requestHttp({
      host: address.ip,
      family: address.family,
      port: url.port === "" ? 80 : Number(url.port),
      method: request.method,
      path: url.pathname + url.search,
      headers: forwarded(request.headers, url.host),
      agent: false,
      setHost: false,
    });
    const timer = setTimeout(() => upstream.destroy(), connectTimeoutMs);
    upstream.once("socket", (socket) => {
      this.#own(socket);
      socket.once("connect", () => clearTimeout(timer));
    });
    upstream.once("close", () => clearTimeout(timer));
    upstream.once("error", () => fail(502, unreachable));
    upstream.once("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, forwarded(answer.headers, null));
      pipeline(answer, response, () => undefined);
    });
    response.once("close", () => upstream.destroy());
    upstream.end();
  }

  /** `CONNECT host:port`, which FFmpeg asks for with `https`. */
  async #tunnel(request: IncomingMessage, client: Socket, head: Buffer): Promise<void> {
    const refuse = (status: string, header = ""): void =>
      void client.end(`HTTP/1.1 ${status}\r\n${header}Content-Length: 0\r\n\r\n`);
    const holder = this.#holderOf(request);
    if (holder === null) return refuse("407 Who is it", 'Proxy-Authenticate: Basic realm="trax"\r\n');
    const url = URL.parse(`https://${request.url ?? ""}`);
    if (url === null || url.hostname === "") return refuse("400 No address");
    const name = url.hostname.replace(/^\[|\]$/gu, "");
    const address = await checkAddress(name, holder);
    if (!address.ok) {
      holder.fault = { code: address.code, message: address.message };
      return refuse("403 Refused");
    }
    if (client.destroyed) return;
    const port = url.port === "" ? 443 : Number(url.port);
    const upstream = openSocket({ address: { ...address, port }, tls: { serverName: name } }, () => {
      clearTimeout(timer);
      client.write("HTTP/1.1 200 Connected\r\n\r\n");
      if (head.length > 0) client.unshift(head);
      const inner = new TLSSocket(client, { isServer: true, secureContext: this.#tls });
      pipeline(inner, upstream.socket, inner, () => client.destroy());
    });
    const timer = setTimeout(() => upstream.socket.destroy(), connectTimeoutMs);
    this.#own(upstream.socket);
    client.once("close", () => upstream.socket.destroy());
    upstream.socket.once("close", () => {
      clearTimeout(timer);
      if (upstream.stage() === "open") return;
      holder.fault = upstream.stage() === "tls" ? untrusted : unreachable;
      refuse("502 Not reached");
    });
    upstream.socket.on("error", () => upstream.socket.destroy());
  }
}

/** Without what concerns one connection only (RFC 9110, section 7.6.1). */
function forwarded(headers: IncomingHttpHeaders, host: string | null): IncomingHttpHeaders {
  const kept = Object.entries(headers).filter(
    ([name]) => !/^(?:proxy-.*|connection|keep-alive|te|trailer|transfer-encoding|upgrade)$/u.test(name),
  );
  return { ...Object.fromEntries(kept), ...(host === null ? {} : { host }) };
}
