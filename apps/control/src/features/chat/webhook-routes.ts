import type { FastifyRequest } from "fastify";
import { addressBucket, clientAddressOf } from "../../kernel/client-address.ts";
import { ApiError, notFound } from "../../kernel/errors.ts";
import { takeToken } from "../../kernel/guard.ts";
import type { PlainRoutes } from "../../kernel/plain-routes.ts";
import type { Services } from "../../kernel/services.ts";
import { PlatformError } from "../connections/index.ts";
import type { ChatConnections } from "./connections.ts";
import { cleanId } from "./clean.ts";
import { storePosted } from "./intake.ts";

const longestBody = 262_144;

/**
 * Where platforms post chat: `POST /platforms/{platform}/webhook`. The adapter
 * says who posted it, from the very bytes; what is not genuine costs its address
 * a token, so that guessing is slow while a busy chat is not held up.
 */
export function webhookRoutes({
  config,
  database,
  limiter,
  chatConnections,
}: Pick<Services, "config" | "database" | "limiter"> & { readonly chatConnections: ChatConnections }): PlainRoutes {
  return (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: longestBody }, (_request, body, done) =>
      done(null, body),
    );
    app.post<{ Params: { platform: string } }>(
      "/platforms/:platform/webhook",
      { bodyLimit: longestBody, config: { isLimitedElsewhere: true } },
      async (request, reply) => {
        const refuse = (error: ApiError): ApiError => {
          takeToken(limiter, addressBucket(clientAddressOf(request.ip)), config.TRAX_RATE_LIMIT, reply);
          return error;
        };
        const { platform } = request.params;
        const client = chatConnections.client(platform);
        if (client?.webhook === undefined) throw refuse(notFound());
        const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
        const posted = await client.webhook({ headers: headersOf(request), body }).catch((error: unknown) => {
          // It cannot be checked now; platforms post again.
          throw error instanceof PlatformError ? new ApiError("platform_unavailable") : error;
        });
        if (posted === null) throw refuse(new ApiError("unauthenticated"));
        await storePosted(database, { ...posted, deliveryId: cleanId(posted.deliveryId), platform });
        await reply.code(204).send();
      },
    );
  };
}

function headersOf(request: FastifyRequest): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );
}
