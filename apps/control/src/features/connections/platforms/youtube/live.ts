import type { Secret } from "@trax/foundation/secret";
import { z } from "zod";
import { asAccount } from "../../oauth.ts";
import { PlatformError } from "../../platform.ts";
import type { Metadata, PlatformSession, Show } from "../../platform.ts";
import type { YouTubeApi } from "./api.ts";

/** Live streams and broadcasts of a channel (developers.google.com/youtube/v3/live/docs). */
export type Live = {
  whoIs(token: Secret): Promise<{ readonly platformUserId: string; readonly accountName: string }>;
  ingest(session: PlatformSession, show: Show): Promise<{ readonly url: string; readonly streamKey: string }>;
  ended(session: PlatformSession): Promise<void>;
  setMetadata(session: PlatformSession, metadata: Metadata): Promise<void>;
  /** The chat of the broadcast that is on, the latest where there are several; null: none is. */
  activeChat(session: PlatformSession): Promise<string | null>;
};

/** Ours among a channel's live streams goes by this name. */
const streamTitle = "TRaX";
/** Characters of a broadcast's title. */
export const longestTitle = 100;
/** Of fifty each; an empty one may be followed by another. Others who stream to a channel may make a stream each time. */
const mostPages = 10;

const Channels = z.object({
  items: z.array(z.object({ id: z.string(), snippet: z.object({ title: z.string() }) })).default([]),
});
const Stream = z.object({
  id: z.string(),
  snippet: z.object({ title: z.string() }),
  cdn: z.object({
    ingestionInfo: z.object({
      streamName: z.string().min(1),
      ingestionAddress: z.string(),
      rtmpsIngestionAddress: z.string().optional(),
    }),
  }),
});
const Streams = z.object({ items: z.array(Stream).default([]), nextPageToken: z.string().optional() });
const Privacy = z.enum(["public", "unlisted", "private"]);
const Broadcast = z.object({
  id: z.string(),
  snippet: z.looseObject({
    title: z.string(),
    scheduledStartTime: z.string().optional(),
    actualStartTime: z.string().optional(),
    liveChatId: z.string().optional(),
  }),
  status: z.object({
    lifeCycleStatus: z.string(),
    privacyStatus: Privacy.optional(),
    selfDeclaredMadeForKids: z.boolean().optional(),
  }),
  contentDetails: z.object({ boundStreamId: z.string().optional() }).optional(),
});
type Broadcast = z.infer<typeof Broadcast>;
type Known = { readonly broadcast: Broadcast; readonly isOn: boolean };
const Broadcasts = z.object({ items: z.array(Broadcast).default([]), nextPageToken: z.string().optional() });
const Videos = z.object({ items: z.array(z.object({ snippet: z.looseObject({}) })).default([]) });
const Categories = z.object({
  items: z.array(z.object({ id: z.string(), snippet: z.object({ title: z.string() }) })).default([]),
});

const parts = "id,snippet,status,contentDetails";

export function openLive(api: YouTubeApi): Live {
  /** Page after page, each for a unit. */
  const listed = async <Item>(
    token: Secret,
    path: string,
    query: Readonly<Record<string, string>>,
    answer: z.ZodType<{ readonly items: readonly Item[]; readonly nextPageToken?: string | undefined }>,
    isChat = false,
  ): Promise<readonly Item[]> => {
    const found: Item[] = [];
    let next: string | undefined = "";
    for (let pages = 0; next !== undefined && pages < mostPages; pages += 1) {
      const paged = { ...query, maxResults: "50", ...(next === "" ? {} : { pageToken: next }) };
      const page: { readonly items: readonly Item[]; readonly nextPageToken?: string | undefined } = await api.ask(
        token,
        { path, query: paged, answer, units: 1, isChat },
      );
      found.push(...page.items);
      next = page.nextPageToken;
    }
    return found;
  };

  /** The channel's stream of ours; made where there is none, since it can be used again and again. */
  const findStream = async (token: Secret): Promise<z.infer<typeof Stream> | null> => {
    const query = { part: "id,snippet,cdn", mine: "true" };
    const items = await listed(token, "liveStreams", query, Streams);
    return items.find(({ snippet }) => snippet.title === streamTitle) ?? null;
  };
  const makeStream = (token: Secret) =>
    api.ask(token, {
      method: "POST",
      path: "liveStreams",
      query: { part: "id,snippet,cdn,contentDetails" },
      json: {
        snippet: { title: streamTitle },
        cdn: { ingestionType: "rtmp", resolution: "variable", frameRate: "variable" },
        contentDetails: { isReusable: true },
      },
      answer: Stream,
      units: 50,
    });

  const broadcasts = (
    token: Secret,
    broadcastStatus: "active" | "upcoming",
    isChat = false,
  ): Promise<readonly Broadcast[]> =>
    listed(token, "liveBroadcasts", { part: parts, broadcastStatus }, Broadcasts, isChat);

  /** One that is on or about to be, bound to our stream: whoever was interrupted goes on with it. */
  const findBroadcast = async (token: Secret, streamId: string): Promise<Known | null> => {
    const isOurs = ({ contentDetails }: Broadcast): boolean => contentDetails?.boundStreamId === streamId;
    const on = (await broadcasts(token, "active")).find(isOurs);
    if (on !== undefined) return { broadcast: on, isOn: true };
    const next = (await broadcasts(token, "upcoming")).find(isOurs);
    return next === undefined ? null : { broadcast: next, isOn: false };
  };

  /** As YouTube takes it. A studio's name may be longer; a title that is asked for was refused before. */
  const titleOf = (title: string): string =>
    [...title.replaceAll(/[<>]/gu, " ").trim()].slice(0, longestTitle).join("");

  const makeBroadcast = async (token: Secret, streamId: string, show: Show): Promise<void> => {
    const { id } = await api.ask(token, {
      method: "POST",
      path: "liveBroadcasts",
      query: { part: parts },
      json: {
        snippet: { title: titleOf(show.title), scheduledStartTime: new Date().toISOString() },
        status: { privacyStatus: show.privacy, selfDeclaredMadeForKids: false },
        // It begins with what is sent, and ends when that has ended.
        contentDetails: { enableAutoStart: true, enableAutoStop: true },
      },
      answer: z.object({ id: z.string() }),
      units: 50,
    });
    const query = { id, streamId, part: "id,contentDetails" };
    await api.ask(token, { method: "POST", path: "liveBroadcasts/bind", query, answer: z.unknown(), units: 50 });
  };

  const update = (
    token: Secret,
    { broadcast, isOn }: Known,
    { title, privacy }: { readonly title?: string; readonly privacy?: Show["privacy"] },
  ) => {
    const { id, snippet, status } = broadcast;
    const { selfDeclaredMadeForKids } = status;
    // Of one that has not begun, a time that is over is refused (`invalidScheduledStartTime`).
    const isLate = !isOn && !(Date.parse(snippet.scheduledStartTime ?? "") > Date.now());
    const start = isLate ? { scheduledStartTime: new Date().toISOString() } : {};
    // What is left out of a part that is sent is taken away.
    const changed = {
      ...(title === undefined ? {} : { snippet: { ...snippet, ...start, title: titleOf(title) } }),
      ...(privacy === undefined ? {} : { status: { privacyStatus: privacy, selfDeclaredMadeForKids } }),
    };
    return api.ask(token, {
      method: "PUT",
      path: "liveBroadcasts",
      query: { part: ["id", ...Object.keys(changed)].join() },
      json: { id, ...changed },
      answer: z.unknown(),
      units: 50,
    });
  };

  /**
   * One that was left from another show, or scheduled by hand, becomes this one's before anything is sent to it. Of
   * one that is on, title and privacy may have been changed since: it is only ever made less public.
   */
  const suit = async (token: Secret, known: Known, show: Show): Promise<void> => {
    const { broadcast, isOn } = known;
    const { title } = broadcast.snippet;
    const { privacyStatus: privacy = "public" } = broadcast.status;
    const isLessPublic = Privacy.options.indexOf(show.privacy) > Privacy.options.indexOf(privacy);
    const to = {
      ...(isOn || title === titleOf(show.title) ? {} : { title: show.title }),
      ...((isOn ? isLessPublic : show.privacy !== privacy) ? { privacy: show.privacy } : {}),
    };
    if (Object.keys(to).length > 0) await update(token, known, to);
  };

  const setCategory = async (token: Secret, videoId: string, name: string): Promise<void> => {
    const query = { part: "snippet", regionCode: "US" };
    const { items } = await api.ask(token, { path: "videoCategories", query, answer: Categories, units: 1 });
    const category = items.find(({ snippet }) => snippet.title.toLowerCase() === name.toLowerCase());
    if (category === undefined) throw new PlatformError("refused", `YouTube has no category "${name}".`);
    const found = await api.ask(token, {
      path: "videos",
      query: { part: "snippet", id: videoId },
      answer: Videos,
      units: 1,
    });
    await api.ask(token, {
      method: "PUT",
      path: "videos",
      query: { part: "snippet" },
      json: { id: videoId, snippet: { ...found.items[0]?.snippet, categoryId: category.id } },
      answer: z.unknown(),
      units: 50,
    });
  };

  return {
    async whoIs(token) {
      const query = { part: "id,snippet", mine: "true" };
      const { items } = await api.ask(token, { path: "channels", query, answer: Channels, units: 1 });
      const [channel] = items;
      if (channel === undefined) throw new PlatformError("refused", "This Google account has no YouTube channel.");
      return { platformUserId: channel.id, accountName: channel.snippet.title };
    },
    ingest: (session, show) =>
      asAccount(session, async (token) => {
        const stream = (await findStream(token)) ?? (await makeStream(token));
        const known = await findBroadcast(token, stream.id);
        if (known === null) await makeBroadcast(token, stream.id, show);
        else await suit(token, known, show);
        const { ingestionAddress, rtmpsIngestionAddress, streamName } = stream.cdn.ingestionInfo;
        return { url: rtmpsIngestionAddress ?? ingestionAddress, streamKey: streamName };
      }),
    ended: (session) =>
      asAccount(session, async (token) => {
        const stream = await findStream(token);
        if (stream === null) return;
        const on = (await broadcasts(token, "active")).filter(
          ({ contentDetails }) => contentDetails?.boundStreamId === stream.id,
        );
        for (const { id } of on) {
          const query = { id, broadcastStatus: "complete", part: "id,status" };
          await api.ask(token, {
            method: "POST",
            path: "liveBroadcasts/transition",
            query,
            answer: z.unknown(),
            units: 50,
          });
        }
      }),
    setMetadata: (session, { title, category }) =>
      asAccount(session, async (token) => {
        const stream = await findStream(token);
        const known = stream === null ? null : await findBroadcast(token, stream.id);
        if (known === null)
          throw new PlatformError("refused", "YouTube takes title and category of a broadcast: go live first.");
        if (title !== undefined) await update(token, known, { title });
        if (category !== undefined) await setCategory(token, known.broadcast.id, category);
      }),
    async activeChat(session) {
      const on = await asAccount(session, (token) => broadcasts(token, "active", true));
      const startOf = ({ snippet }: Broadcast): number => Date.parse(snippet.actualStartTime ?? "") || 0;
      const latest = on.toSorted((a, b) => startOf(b) - startOf(a));
      return latest.map(({ snippet }) => snippet.liveChatId ?? "").find((id) => id !== "") ?? null;
    },
  };
}
