import type { Secret } from "@trax/foundation/secret";
import { z } from "zod";
import { asAccount, readAnswer } from "../../oauth.ts";
import { PlatformError } from "../../platform.ts";
import type { HttpRequest, Metadata, PlatformHttp, PlatformSession } from "../../platform.ts";

/** What is used of Twitch's API (dev.twitch.tv/docs/api/reference). */
export type Helix = {
  whoIs(token: Secret): Promise<{ readonly platformUserId: string; readonly accountName: string }>;
  ingest(session: PlatformSession): Promise<{ readonly url: string; readonly streamKey: string }>;
  setMetadata(session: PlatformSession, metadata: Metadata): Promise<void>;
};

const Users = z.object({ data: z.array(z.object({ id: z.string(), display_name: z.string() })).min(1) });
const StreamKey = z.object({ data: z.array(z.object({ stream_key: z.string().min(1) })).min(1) });
const Games = z.object({ data: z.array(z.object({ id: z.string(), name: z.string() })) });
const Ingests = z.object({
  ingests: z.array(
    z.object({
      url_template: z.string(),
      url_template_secure: z.string().optional(),
      priority: z.number().default(0),
      availability: z.number().default(1),
      default: z.boolean().default(false),
    }),
  ),
});

export function openHelix(options: {
  readonly http: PlatformHttp;
  readonly clientId: string;
  readonly apiUrl: string;
  readonly ingestUrl: string;
}): Helix {
  const { http, clientId, apiUrl } = options;
  const ask = async <Schema extends z.ZodType>(
    schema: Schema,
    token: Secret,
    path: string,
    query: Readonly<Record<string, string>>,
    request: Pick<HttpRequest, "method"> & Partial<HttpRequest> = { method: "GET" },
  ): Promise<z.output<Schema>> => {
    const url = `${apiUrl}/${path}?${new URLSearchParams(query)}`;
    return readAnswer(
      "Twitch",
      schema,
      await http.json({ ...request, url, bearer: token, headers: { "client-id": clientId } }),
    );
  };

  /** Its id: exactly that name first, else what Twitch's own search finds of it. */
  const categoryId = async (token: Secret, name: string): Promise<string> => {
    const exact = await ask(Games, token, "games", { name });
    const found =
      exact.data[0] ??
      (await ask(Games, token, "search/categories", { query: name, first: "20" })).data.find(
        (game) => game.name.toLowerCase() === name.toLowerCase(),
      );
    if (found === undefined) throw new PlatformError("refused", `Twitch has no category "${name}".`);
    return found.id;
  };

  /** The address of the nearest server that takes streams: Twitch lists them by the distance from who asks. */
  const nearest = async (): Promise<string> => {
    const { ingests } = readAnswer("Twitch", Ingests, await http.json({ method: "GET", url: options.ingestUrl }));
    const [best] = ingests
      .filter(({ availability }) => availability > 0)
      .toSorted((a, b) => a.priority - b.priority || Number(b.default) - Number(a.default));
    const template = best?.url_template_secure ?? best?.url_template;
    if (template === undefined) throw new PlatformError("unavailable", "Twitch has no ingest server now.");
    return template.replace(/\/\{stream_key\}.*$/u, "");
  };

  return {
    async whoIs(token) {
      const { data } = await ask(Users, token, "users", {});
      return { platformUserId: data[0]?.id ?? "", accountName: data[0]?.display_name ?? "" };
    },
    async ingest(session) {
      const [url, { data }] = await Promise.all([
        nearest(),
        asAccount(session, (token) => ask(StreamKey, token, "streams/key", { broadcaster_id: session.platformUserId })),
      ]);
      return { url, streamKey: data[0]?.stream_key ?? "" };
    },
    async setMetadata(session, { title, category }) {
      await asAccount(session, async (token) => {
        const json = {
          ...(title === undefined ? {} : { title }),
          ...(category === undefined ? {} : { game_id: await categoryId(token, category) }),
        };
        await ask(
          z.unknown(),
          token,
          "channels",
          { broadcaster_id: session.platformUserId },
          { method: "PATCH", json },
        );
      });
    },
  };
}
