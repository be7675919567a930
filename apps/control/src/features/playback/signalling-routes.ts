import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { clientAddressOf } from "../../kernel/client-address.ts";
import { ApiError, notFound } from "../../kernel/errors.ts";
import type { PlainRoutes } from "../../kernel/plain-routes.ts";
import type { Services } from "../../kernel/services.ts";
import { endpointOf } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import { iceLinks } from "./ice-links.ts";
import { routerSignalling } from "./router-signalling.ts";
import { Signalling } from "./signalling.ts";
import type { Asked } from "./signalling.ts";

const methods = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
const secretOf = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * WHIP and WHEP (RFC 9725; draft-ietf-wish-whep) under the API's own origin, from
 * any origin of a browser, with the token of a media session. `endpoint.ts` says
 * what is where.
 */
export function signallingRoutes({ config, database }: Pick<Services, "config" | "database">): PlainRoutes {
  const signalling = new Signalling(database, routerSignalling(config.TRAX_WEBRTC_PORT));
  const links = iceLinks(config.TRAX_ICE_SERVERS);
  const base = config.TRAX_PUBLIC_URL === null ? "" : new URL(config.TRAX_PUBLIC_URL).pathname.replace(/\/$/, "");

  const begin = async (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { sdp, secret, etag } = await signalling.begin(endpoint, askedBy(request, reply));
    if (links !== null) reply.header("link", links);
    if (etag !== null) reply.header("etag", etag);
    reply.header("accept-patch", "application/trickle-ice-sdpfrag");
    reply.header("location", `${base}${endpoint.url}/session/${secret}`);
    await reply.code(201).type("application/sdp").send(sdp);
  };

  const change = async (
    endpoint: Endpoint,
    secret: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> => {
    const answer = await signalling.change(endpoint, secret, askedBy(request, reply));
    if (answer === null) {
      await reply.code(204).send();
      return;
    }
    if (answer.etag !== null) reply.header("etag", answer.etag);
    await reply.code(200).type("application/trickle-ice-sdpfrag").send(answer.fragment);
  };

  /** Servers with their passwords are told to who has a token; a pre-flight has none. */
  const describe = async (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    reply.header("accept-post", "application/sdp");
    const { token } = askedBy(request, reply);
    if (token !== null) await signalling.authorize(endpoint, token);
    if (token !== null && links !== null) reply.header("link", links);
    await reply.code(204).send();
  };

  const onEndpoint = async (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (request.method === "OPTIONS") return describe(endpoint, request, reply);
    if (request.method === "POST") return begin(endpoint, request, reply);
    throw notAllowed("OPTIONS, POST");
  };

  const onSession = async (
    endpoint: Endpoint,
    secret: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> => {
    if (request.method === "OPTIONS") {
      await reply.code(204).send();
      return;
    }
    if (request.method !== "PATCH" && request.method !== "DELETE") throw notAllowed("DELETE, OPTIONS, PATCH");
    if (!secretOf.test(secret)) throw notFound("session");
    if (request.method === "PATCH") return change(endpoint, secret, request, reply);
    await signalling.end(endpoint, secret, askedBy(request, reply));
    await reply.code(200).send();
  };

  return (app) => {
    acceptSdp(app);
    app.addHook("onRequest", (_request, reply, done) => {
      allowAnyOrigin(reply);
      done();
    });
    for (const [protocol, preview] of [
      ["whip", false],
      ["whep", false],
      ["whep", true],
    ] as const) {
      const url = `/${protocol}/:id${preview ? "/preview" : ""}`;
      app.route<{ Params: { id: string } }>({
        method: methods,
        url,
        exposeHeadRoute: false,
        handler: (request, reply) => onEndpoint(endpointOf(protocol, request.params.id, preview), request, reply),
      });
      app.route<{ Params: { id: string; secret: string } }>({
        method: methods,
        url: `${url}/session/:secret`,
        exposeHeadRoute: false,
        handler: (request, reply) => {
          const { id, secret } = request.params;
          return onSession(endpointOf(protocol, id, preview), secret, request, reply);
        },
      });
    }
  };
}

function acceptSdp(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));
}

function allowAnyOrigin(reply: FastifyReply): void {
  reply.headers({
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "DELETE, OPTIONS, PATCH, POST",
    "access-control-allow-headers": "Authorization, Content-Type, If-Match, X-Request-Id",
    "access-control-expose-headers": "Accept-Patch, Accept-Post, ETag, Link, Location, Retry-After, X-Request-Id",
    "access-control-max-age": "86400",
  });
}

function askedBy(request: FastifyRequest, reply: FastifyReply): Asked {
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  return {
    contentType: request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? null,
    body: typeof request.body === "string" ? request.body : "",
    ifMatch: request.headers["if-match"] ?? null,
    token: /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1] ?? null,
    clientAddress: clientAddressOf(request.ip),
    userAgent: request.headers["user-agent"],
    signal: gone.signal,
  };
}

function notAllowed(allow: string): ApiError {
  return new ApiError("method_not_allowed", `This path takes ${allow}.`, { headers: { allow } });
}
