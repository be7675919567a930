import type { Route } from "../platform/call.ts";

/** `ingest.twitch.tv/ingests`: asked without any credential, nearest first. */
export function ingestRoute(ingestUrl: string, secure = ingestUrl.replace(/^rtmp:/, "rtmps:")): Route {
  const ingest = (id: number, name: string, isDefault: boolean, priority: number): object => ({
    _id: id,
    availability: 1,
    default: isDefault,
    name,
    url_template: `${ingestUrl}/{stream_key}`,
    url_template_secure: `${secure}/{stream_key}`,
    priority,
  });
  return {
    method: "GET",
    path: "/ingests",
    answer: () => ({
      status: 200,
      body: { ingests: [ingest(24, "EU: Frankfurt, DE", false, 0), ingest(1, "Default", true, 1)] },
    }),
  };
}
