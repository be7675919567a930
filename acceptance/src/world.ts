import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Account } from "./account.ts";
import { listAt, textAt } from "./json.ts";
import { linkSomebody } from "./linking.ts";
import { eventually } from "./media/eventually.ts";
import type { ListedOperation } from "./operation-list.ts";
import { beginUpload, resumed, sendTo, someBytes } from "./uploading.ts";

/**
 * One thing of each kind in an account, made when it is first needed. Each
 * path parameter names a thing of the collection before it, so a new
 * collection needs one more maker here and nothing else.
 */
export type World = {
  readonly account: Account;
  readonly idOf: (collection: string) => Promise<string>;
  /** The path of an operation with this world's ids in it. */
  readonly pathOf: (operation: ListedOperation) => Promise<string>;
};

/** Nothing listens there, and what is allowed to be a destination on one machine. */
export const closedAddress = "rtmp://127.0.0.1:9/app";

type Maker = (world: World) => Promise<string>;

const makers: Readonly<Record<string, Maker>> = {
  // A canvas that costs next to nothing: what is on it is not looked at here.
  studios: (world) => make(world, "/v1/studios", { name: "Show", program: { width: 160, height: 90, frameRate: 5 } }),
  sources: async (world) => make(world, `${await studioPath(world)}/sources`, { name: "Camera" }),
  "media-sessions": async (world) =>
    make(world, `${await studioPath(world)}/media-sessions`, {
      role: "publish",
      sourceId: await world.idOf("sources"),
    }),
  destinations: async (world) =>
    make(world, `${await studioPath(world)}/destinations`, {
      name: "Out",
      url: closedAddress,
      streamKey: randomUUID(),
    }),
  connections: linkSomebody,
  scenes: async (world) => make(world, `${await studioPath(world)}/scenes`, { name: "Both" }),
  broadcasts: async (world) => {
    const path = await studioPath(world);
    // Its recording is made with it.
    const recorded = await world.account.ask("PATCH", path, { recording: { enabled: true } });
    assert.equal(recorded.status, 200, recorded.text);
    const live = await world.account.ask("POST", `${path}/go-live`, { allowNoDestinations: true });
    assert.equal(live.status, 200, live.text);
    const broadcastId = textAt(live.json, "broadcastId");
    await eventually(
      "it is recorded",
      () => world.account.ask("GET", `${path}/broadcasts/${broadcastId}`),
      ({ json }) => listAt(json, "recordings").length > 0,
    );
    const off = await world.account.ask("POST", `${path}/go-offline`);
    assert.equal(off.status, 200, off.text);
    return broadcastId;
  },
  recordings: async (world) => {
    const path = `${await studioPath(world)}/broadcasts/${await world.idOf("broadcasts")}`;
    const [recording] = listAt((await world.account.ask("GET", path)).json, "recordings");
    return textAt(recording, "id");
  },
  media: async ({ account }) => (await beginUpload(account)).id,
  messages: async (world) => make(world, `${await studioPath(world)}/chat/messages`, { text: "Hello" }),
  keys: async (world) => {
    const answer = await world.account.askAsUser("POST", "/account/keys", { name: "k", scopes: ["studios:read"] });
    return textAt(answer.json, "id");
  },
};

/** The bytes of an asset, all of them. */
async function sendAll(account: Account, assetId: string): Promise<void> {
  const { sizeBytes, upload } = await resumed(account, assetId);
  assert.equal(await sendTo(upload, someBytes(sizeBytes)), 200);
}

async function studioPath(world: World): Promise<string> {
  return `/v1/studios/${await world.idOf("studios")}`;
}

async function make(world: World, path: string, body: object): Promise<string> {
  const answer = await world.account.ask("POST", path, body);
  assert.equal(answer.status, 201, answer.text);
  return textAt(answer.json, "id");
}

export function newWorld(account: Account): World {
  const made = new Map<string, Promise<string>>();
  let sent: Promise<void> | undefined;
  const world: World = {
    account,
    idOf: (collection) => {
      const maker = makers[collection];
      if (maker === undefined)
        throw new Error(`nobody knows how to make one of "${collection}": acceptance/src/world.ts`);
      const known = made.get(collection) ?? maker(world);
      made.set(collection, known);
      return known;
    },
    pathOf: async (operation) => {
      const ids: string[] = [];
      for (const collection of collectionsOf(operation)) ids.push(await world.idOf(collection));
      // Only what is there can be complete.
      if (operation.name === "completeMedia") await (sent ??= world.idOf("media").then((id) => sendAll(account, id)));
      return pathWith(operation, ids);
    },
  };
  return world;
}

/** The collection that each path parameter is of. */
export function collectionsOf(operation: ListedOperation): readonly string[] {
  return [...operation.path.matchAll(/\/([\w-]+)\/\{\w+\}/g)].map((match) => match[1] ?? "");
}

/** The path with these ids, in order. */
export function pathWith(operation: ListedOperation, ids: readonly string[]): string {
  const left = [...ids];
  return operation.path.replaceAll(/\{\w+\}/g, () => left.shift() ?? "");
}

const prefixes: Readonly<Record<string, string>> = {
  studios: "std",
  sources: "src",
  "media-sessions": "msn",
  destinations: "dst",
  scenes: "scn",
  broadcasts: "brd",
  recordings: "rec",
  media: "ast",
  connections: "cnx",
  messages: "msg",
  keys: "key",
};

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/** An id of that collection, well formed, that was never given out. */
export function neverId(collection: string): string {
  const random = Array.from({ length: 25 }, () => alphabet[Math.floor(Math.random() * alphabet.length)]).join("");
  return `${prefixes[collection] ?? "std"}_0${random}`;
}

export function neverIds(operation: ListedOperation): readonly string[] {
  return collectionsOf(operation).map(neverId);
}
