import { type Call, field, jsonOf, type Route, stringField } from "../platform/call.ts";
import { type Admit, list, refuse, resource } from "./answers.ts";
import type { Broadcast, World } from "./world.ts";

/** Some of the categories that a video may be given in the United States. */
export const categories = [
  { id: "10", title: "Music", assignable: true },
  { id: "18", title: "Short Movies", assignable: false },
  { id: "20", title: "Gaming", assignable: true },
  { id: "22", title: "People & Blogs", assignable: true },
  { id: "28", title: "Science & Technology", assignable: true },
];

/** Videos: list, update; VideoCategories: list. A broadcast is a video of the same id. */
export function videoRoutes(base: string, world: World, admit: Admit): Route[] {
  const data = (call: Call, one: Broadcast): object =>
    resource(call, "video", one.id, {
      snippet: {
        publishedAt: one.publishedAt,
        channelId: one.channel.id,
        title: one.title,
        description: one.description,
        thumbnails: {},
        channelTitle: one.channel.title,
        categoryId: one.categoryId,
        liveBroadcastContent: one.lifeCycle === "live" ? "live" : "none",
      },
      status: { privacyStatus: one.privacyStatus },
    });
  return [
    {
      method: "GET",
      path: `${base}/videoCategories`,
      answer: (call) => {
        admit(call);
        if (call.query.get("regionCode") === null && call.query.get("id") === null)
          refuse(400, "missingRequiredParameter", "No filter selected. Expected one of: id, regionCode");
        return list(
          "videoCategory",
          categories.map(({ id, title, assignable }) =>
            resource(call, "videoCategory", id, {
              snippet: { title, assignable, channelId: "UCBR8-60-B28hp2BmDPdntcQ" },
            }),
          ),
        );
      },
    },
    {
      method: "GET",
      path: `${base}/videos`,
      answer: (call) => {
        admit(call);
        const ids = call.query.getAll("id").flatMap((id) => id.split(","));
        if (ids.length === 0) refuse(400, "missingRequiredParameter", "No filter selected. Expected one of: id");
        const found = [...world.broadcasts.values()].filter((one) => ids.includes(one.id));
        return list(
          "video",
          found.map((one) => data(call, one)),
        );
      },
    },
    {
      method: "PUT",
      path: `${base}/videos`,
      answer: (call) => {
        const { userId } = admit(call).grant;
        const body = jsonOf(call);
        const video = world.broadcasts.get(stringField(body, "id") ?? "");
        if (video === undefined) refuse(404, "videoNotFound", "The video cannot be found.");
        if (video.channel.id !== userId) refuse(403, "forbidden", "The video may not be changed by this user.");
        const snippet = field(body, "snippet");
        const title = stringField(snippet, "title") ?? "";
        const categoryId = stringField(snippet, "categoryId") ?? "";
        // Both are required where the part is sent; what else it leaves out is deleted.
        if (title === "" || title.length > 100) refuse(400, "invalidTitle", "The title is not valid.");
        if (!categories.some((one) => one.id === categoryId && one.assignable))
          refuse(400, "invalidCategoryId", "The categoryId is not valid.");
        Object.assign(video, { title, categoryId, description: stringField(snippet, "description") ?? "" });
        return { status: 200, body: data(call, video) };
      },
    },
  ];
}
