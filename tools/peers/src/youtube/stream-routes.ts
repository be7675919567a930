import { randomBytes } from "node:crypto";
import { type Call, field, jsonOf, type Route, stringField } from "../platform/call.ts";
import { type Admit, list, page, refuse, resource } from "./answers.ts";
import type { LiveStream, World } from "./world.ts";

export type Ingest = { readonly url: string; readonly secureUrl: string };

/** LiveStreams: list, insert; and Channels: list of one's own. */
export function streamRoutes(base: string, world: World, admit: Admit, ingest: Ingest): Route[] {
  const data = (call: Call, stream: LiveStream): object =>
    resource(call, "liveStream", stream.id, {
      snippet: {
        publishedAt: stream.publishedAt,
        channelId: stream.channel.id,
        title: stream.title,
        description: "",
        isDefaultStream: false,
      },
      cdn: {
        ...stream.cdn,
        ingestionInfo: {
          streamName: stream.streamName,
          ingestionAddress: ingest.url,
          backupIngestionAddress: `${ingest.url}?backup=1`,
          rtmpsIngestionAddress: ingest.secureUrl,
          rtmpsBackupIngestionAddress: `${ingest.secureUrl}?backup=1`,
        },
      },
      status: {
        streamStatus: stream.status,
        healthStatus: { status: stream.status === "active" ? "good" : "noData" },
      },
      contentDetails: {
        closedCaptionsIngestionUrl: `http://upload.youtube.com/closedcaption?cid=${stream.streamName}`,
        isReusable: stream.reusable,
      },
    });

  return [
    {
      method: "GET",
      path: `${base}/channels`,
      answer: (call) => {
        const { userId } = admit(call).grant;
        const ids = call.query.getAll("id").flatMap((id) => id.split(","));
        if (call.query.get("mine") !== "true" && ids.length === 0)
          refuse(400, "missingRequiredParameter", "No filter selected. Expected one of: id, mine");
        const found = [...world.channels.values()].filter((one) =>
          ids.length > 0 ? ids.includes(one.id) : one.id === userId,
        );
        return list(
          "channel",
          found.map((one) =>
            resource(call, "channel", one.id, {
              snippet: {
                title: one.title,
                description: "",
                customUrl: one.handle,
                publishedAt: "2016-12-14T20:32:28Z",
                thumbnails: {},
              },
            }),
          ),
        );
      },
    },
    {
      method: "GET",
      path: `${base}/liveStreams`,
      answer: (call) => {
        const { userId } = admit(call).grant;
        const ids = call.query.getAll("id").flatMap((id) => id.split(","));
        if ((call.query.get("mine") === "true") === ids.length > 0)
          refuse(400, "missingRequiredParameter", "No filter selected. Expected one of: id, mine");
        const mine = [...world.streams.values()].filter((one) => one.channel.id === userId);
        return page(
          call,
          "liveStream",
          mine.filter((one) => ids.length === 0 || ids.includes(one.id)).map((one) => data(call, one)),
        );
      },
    },
    {
      method: "POST",
      path: `${base}/liveStreams`,
      answer: (call) => {
        const channel = world.channels.get(admit(call).grant.userId);
        if (channel === undefined)
          refuse(403, "liveStreamingNotEnabled", "The user is not enabled for live streaming.");
        const body = jsonOf(call);
        const title = stringField(field(body, "snippet"), "title") ?? "";
        const cdn = field(body, "cdn");
        const ingestionType = stringField(cdn, "ingestionType") ?? "";
        const resolution = stringField(cdn, "resolution") ?? "";
        const frameRate = stringField(cdn, "frameRate") ?? "";
        if (title === "" || title.length > 128) refuse(400, "invalidTitle", "The title is not valid.");
        if (!["rtmp", "dash", "hls", "webrtc"].includes(ingestionType))
          refuse(400, "ingestionTypeRequired", "The ingestion type is required.");
        if (resolution === "") refuse(400, "resolutionRequired", "The resolution is required.");
        if (frameRate === "") refuse(400, "frameRateRequired", "The frame rate is required.");
        const stream: LiveStream = {
          id: `${channel.id}${randomBytes(8).toString("base64url")}`,
          channel,
          streamName: randomBytes(12)
            .toString("hex")
            .replaceAll(/(.{4})(?=.)/g, "$1-"),
          publishedAt: new Date().toISOString(),
          reusable: field(field(body, "contentDetails"), "isReusable") !== false,
          title,
          cdn: { ingestionType, resolution, frameRate },
          status: "ready",
        };
        world.streams.set(stream.id, stream);
        return { status: 200, body: data(call, stream) };
      },
    },
  ];
}
