import type { FastifyReply, FastifyRequest } from "fastify";
import { LRUCache } from "lru-cache";
import type { RateLimit } from "@trax/foundation/config";
import type { Database } from "@trax/foundation/database";
import { addressBucket, clientAddressOf } from "../../kernel/client-address.ts";
import { notFound } from "../../kernel/errors.ts";
import { takeToken } from "../../kernel/guard.ts";
import type { RateLimiter } from "../../kernel/rate-limit.ts";
import { findSignedAccount } from "./sql.ts";

/** A page of the library shows a hundred pictures, and many people may be behind one address. */
const times = 10;
const mostKnown = 50_000;

/** What counts where signed files are given, since no credential does. */
export type DownloadLimit = {
  /** A signed file of the asset is asked for: refuses what is too much of one account's for one address. */
  count(request: FastifyRequest, reply: FastifyReply, assetId: string): Promise<void>;
  /** What is not signed costs its address, so that guessing is slow. */
  countRefused(request: FastifyRequest, reply: FastifyReply): void;
};

/** @param rateLimit of a credential, or of an address without one; files are given ten times as often */
export function downloadLimit(options: {
  readonly database: Database;
  readonly limiter: RateLimiter;
  readonly rateLimit: RateLimit;
}): DownloadLimit {
  const { database, limiter, rateLimit } = options;
  const limit = { requests: rateLimit.requests * times, seconds: rateLimit.seconds };
  const accounts = new LRUCache<string, string>({ max: mostKnown });
  const bucketOf = (request: FastifyRequest): string => addressBucket(clientAddressOf(request.ip));

  /** It never changes whose an asset is. */
  const accountOf = async (assetId: string): Promise<string> => {
    const known = accounts.get(assetId) ?? (await findSignedAccount(database, assetId));
    if (known === undefined) throw notFound("file");
    accounts.set(assetId, known);
    return known;
  };

  return {
    async count(request, reply, assetId) {
      takeToken(limiter, `files of ${await accountOf(assetId)} ${bucketOf(request)}`, limit, reply);
    },
    countRefused: (request, reply) => takeToken(limiter, bucketOf(request), rateLimit, reply),
  };
}
