import type { Secret } from "@trax/foundation/secret";
import { z } from "zod";
import { asAccount, readAnswer } from "../../oauth.ts";
import { PlatformError } from "../../platform.ts";
import type { Metadata, PlatformHttp, PlatformSession } from "../../platform.ts";

/** What is used of Kick's API (api.kick.com/swagger). */
export type KickApi = {
  whoIs(token: Secret): Promise<{ readonly platformUserId: string; readonly accountName: string }>;
  ingest(session: PlatformSession): Promise<{ readonly url: string; readonly streamKey: string }>;
  setMetadata(session: PlatformSession, metadata: Metadata): Promise<void>;
};

const Users = z.object({ data: z.array(z.object({ user_id: z.number(), name: z.string() })).min(1) });
const Channels = z.object({
  data: z
    .array(z.object({ stream: z.object({ url: z.string().nullish(), key: z.string().nullish() }).nullish() }))
    .min(1),
});
const Categories = z.object({ data: z.array(z.object({ id: z.number(), name: z.string() })) });

export function openKickApi(http: PlatformHttp, apiUrl: string): KickApi {
  const get = async <Schema extends z.ZodType>(
    schema: Schema,
    token: Secret,
    path: string,
  ): Promise<z.output<Schema>> =>
    readAnswer("Kick", schema, await http.json({ method: "GET", url: `${apiUrl}/${path}`, bearer: token }));

  const categoryId = async (token: Secret, name: string): Promise<number> => {
    const { data } = await get(Categories, token, `categories?${new URLSearchParams({ q: name })}`);
    const found = data.find((category) => category.name.toLowerCase() === name.toLowerCase());
    if (found === undefined) throw new PlatformError("refused", `Kick has no category "${name}".`);
    return found.id;
  };

  return {
    async whoIs(token) {
      const { data } = await get(Users, token, "users");
      return { platformUserId: String(data[0]?.user_id ?? ""), accountName: data[0]?.name ?? "" };
    },
    async ingest(session) {
      const { data } = await asAccount(session, (token) => get(Channels, token, "channels"));
      const { url, key } = data[0]?.stream ?? {};
      if (typeof url !== "string" || typeof key !== "string" || url === "" || key === "")
        throw new PlatformError("refused", "Kick gives no stream key: link the account again and let TRaX read it.");
      return { url, streamKey: key };
    },
    async setMetadata(session, { title, category }) {
      await asAccount(session, async (token) => {
        const json = {
          ...(title === undefined ? {} : { stream_title: title }),
          ...(category === undefined ? {} : { category_id: await categoryId(token, category) }),
        };
        await http.json({ method: "PATCH", url: `${apiUrl}/channels`, bearer: token, json });
      });
    },
  };
}
