import { type Call, field, jsonOf, type Reply, type Route, stringField } from "../platform/call.ts";
import { type Admit, page, refuse, resource } from "./answers.ts";
import { type Broadcast, makeBroadcast, moveTo, type World } from "./world.ts";

/** LiveBroadcasts: list, insert, update, bind, transition, delete. */
export function broadcastRoutes(base: string, world: World, admit: Admit): Route[] {
  const own = (call: Call, id: string | null | undefined): Broadcast => {
    const { userId } = admit(call).grant;
    const found = world.broadcasts.get(id ?? "");
    if (found === undefined || found.channel.id !== userId)
      refuse(404, "liveBroadcastNotFound", "The broadcast specified by the id parameter does not exist.");
    return found;
  };
  const route = (method: string, path: string, answer: (call: Call) => Reply): Route => ({
    method,
    path: `${base}/liveBroadcasts${path}`,
    answer,
  });
  return [
    route("GET", "", (call) => {
      const { userId } = admit(call).grant;
      const wanted = filter(call);
      const mine = [...world.broadcasts.values()].filter((one) => one.channel.id === userId && wanted(one));
      return page(
        call,
        "liveBroadcast",
        mine.map((one) => broadcastData(call, one)),
      );
    }),
    route("POST", "", (call) => {
      const channel = world.channels.get(admit(call).grant.userId);
      if (channel === undefined) refuse(403, "liveStreamingNotEnabled", "The user is not enabled for live streaming.");
      const details = field(jsonOf(call), "contentDetails");
      const monitor = field(field(details, "monitorStream"), "enableMonitorStream");
      const broadcast = makeBroadcast(channel, {
        ...settable(call),
        autoStart: field(details, "enableAutoStart") === true,
        autoStop: field(details, "enableAutoStop") === true,
        monitorStream: monitor !== false,
      });
      world.broadcasts.set(broadcast.id, broadcast);
      return { status: 200, body: broadcastData(call, broadcast) };
    }),
    route("PUT", "", (call) => {
      const broadcast = own(call, stringField(jsonOf(call), "id"));
      Object.assign(broadcast, settable(call, broadcast));
      return { status: 200, body: broadcastData(call, broadcast) };
    }),
    route("POST", "/bind", (call) => {
      const broadcast = own(call, call.query.get("id"));
      const streamId = call.query.get("streamId");
      const stream = streamId === null ? null : world.streams.get(streamId);
      if (stream === undefined || (stream !== null && stream.channel !== broadcast.channel))
        refuse(404, "liveStreamNotFound", "The stream specified by the streamId parameter does not exist.");
      if (!["created", "ready"].includes(broadcast.lifeCycle))
        refuse(403, "liveBroadcastBindingNotAllowed", "The current status of the live broadcast does not allow it.");
      broadcast.stream = stream;
      broadcast.lifeCycle = stream === null ? "created" : "ready";
      if (stream?.status === "active" && broadcast.autoStart) moveTo(broadcast, "live");
      return { status: 200, body: broadcastData(call, broadcast) };
    }),
    route("POST", "/transition", (call) => {
      const broadcast = own(call, call.query.get("id"));
      moveTo(broadcast, transition(broadcast, call.query.get("broadcastStatus")));
      return { status: 200, body: broadcastData(call, broadcast) };
    }),
    route("DELETE", "", (call) => {
      const broadcast = own(call, call.query.get("id"));
      world.broadcasts.delete(broadcast.id);
      broadcast.chat.end();
      return { status: 204 };
    }),
  ];
}

/** Exactly one of `id`, `mine`, `broadcastStatus`. */
function filter(call: Call): (broadcast: Broadcast) => boolean {
  const ids = call.query.getAll("id").flatMap((id) => id.split(","));
  const mine = call.query.get("mine") === "true";
  const status = call.query.get("broadcastStatus");
  const filters = [ids.length > 0, mine, status !== null].filter(Boolean).length;
  if (filters === 0)
    refuse(400, "missingRequiredParameter", "No filter selected. Expected one of: broadcastStatus, id, mine");
  if (filters > 1) refuse(400, "incompatibleParameters", "Incompatible parameters specified in the request");
  const cycles = { active: ["testing", "live"], upcoming: ["created", "ready"], completed: ["complete"] };
  if (status === "active" || status === "upcoming" || status === "completed")
    return (broadcast) => cycles[status].includes(broadcast.lifeCycle);
  return (broadcast) => ids.length === 0 || ids.includes(broadcast.id);
}

/** What a client sets of a broadcast. An update overwrites a part that it sends, and keeps the others. */
function settable(
  call: Call,
  before?: Broadcast,
): Pick<Broadcast, "title" | "description" | "scheduledStartTime" | "privacyStatus"> {
  const body = jsonOf(call);
  const snippet = field(body, "snippet");
  const kept = snippet === undefined ? before : undefined;
  const title = stringField(snippet, "title") ?? kept?.title ?? "";
  const scheduledStartTime = stringField(snippet, "scheduledStartTime") ?? before?.scheduledStartTime ?? "";
  const privacyStatus = stringField(field(body, "status"), "privacyStatus") ?? before?.privacyStatus ?? "";
  if (title === "") refuse(400, "titleRequired", "The title is required.");
  if (title.length > 100) refuse(400, "invalidTitle", "The title is not valid.");
  if (scheduledStartTime === "") refuse(400, "scheduledStartTimeRequired", "The scheduled start time is required.");
  // Of one that has begun it is let be; of others, what has just passed is still taken.
  const isOver = Date.parse(scheduledStartTime) < Date.now() - 60_000;
  const hasBegun = before !== undefined && !["created", "ready"].includes(before.lifeCycle);
  if (Number.isNaN(Date.parse(scheduledStartTime)) || (snippet !== undefined && isOver && !hasBegun))
    refuse(400, "invalidScheduledStartTime", "The scheduled start time is not valid.");
  if (!["public", "unlisted", "private"].includes(privacyStatus))
    refuse(400, "invalidPrivacyStatus", "The privacy status is not valid.");
  const description = stringField(snippet, "description") ?? kept?.description ?? "";
  return { title, description, scheduledStartTime, privacyStatus };
}

/** The state after a transition; without monitor stream `testing` is left out. */
function transition(broadcast: Broadcast, to: string | null): "testing" | "live" | "complete" {
  if (to !== "testing" && to !== "live" && to !== "complete")
    refuse(400, "statusRequired", "The broadcastStatus is required.");
  const { lifeCycle } = broadcast;
  if (lifeCycle === to) refuse(403, "redundantTransition", "The live broadcast is already in the requested status.");
  const from = {
    testing: ["ready"],
    live: broadcast.monitorStream ? ["testing"] : ["ready", "testing"],
    complete: ["testing", "live"],
  }[to];
  if (!from.includes(lifeCycle))
    refuse(403, "invalidTransition", "The live broadcast cannot transition from its current status.");
  if (to !== "complete" && broadcast.stream?.status !== "active")
    refuse(403, "errorStreamInactive", "The stream that is bound to the broadcast is not active.");
  return to;
}

function broadcastData(call: Call, one: Broadcast): object {
  return resource(call, "liveBroadcast", one.id, {
    snippet: {
      publishedAt: one.publishedAt,
      channelId: one.channel.id,
      title: one.title,
      description: one.description,
      thumbnails: {},
      scheduledStartTime: one.scheduledStartTime,
      ...(one.startedAt === null ? {} : { actualStartTime: one.startedAt }),
      ...(one.endedAt === null ? {} : { actualEndTime: one.endedAt }),
      isDefaultBroadcast: false,
      liveChatId: one.chat.id,
    },
    status: {
      lifeCycleStatus: one.lifeCycle,
      privacyStatus: one.privacyStatus,
      recordingStatus: { live: "recording", complete: "recorded" }[String(one.lifeCycle)] ?? "notRecording",
      madeForKids: false,
      selfDeclaredMadeForKids: false,
    },
    contentDetails: {
      ...(one.stream === null ? {} : { boundStreamId: one.stream.id }),
      monitorStream: { enableMonitorStream: one.monitorStream },
      enableEmbed: true,
      enableDvr: true,
      recordFromStart: true,
      enableAutoStart: one.autoStart,
      enableAutoStop: one.autoStop,
      latencyPreference: "normal",
    },
  });
}
