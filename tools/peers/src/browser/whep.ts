import type { Page } from "playwright-core";
import { type CountedFrame, columns, readCells, rows } from "../counted/picture.ts";
import { waitFor } from "../wait-for.ts";
import {
  call,
  callForText,
  connect,
  connectionState,
  hangUp,
  openSession,
  report,
  type Session,
} from "./signalling.ts";

/** A picture that was shown. */
export type ShownFrame = {
  /** Pictures that were given to be shown until then: a step of more than one was not looked at. */
  readonly presented: number;
  /** When it was shown: ms since the epoch. */
  readonly at: number;
  readonly width: number;
  readonly height: number;
  /** What a counted picture that fills it says. */
  readonly counted: CountedFrame | null;
};

export type WhepPlayer = {
  readonly session: Session;
  readonly state: () => Promise<string>;
  readonly framesDecoded: () => Promise<number>;
  /** What getStats says of what comes in: `framesDecoded`, `freezeCount`, `jitterBufferDelay`, `packetsLost`, ... */
  readonly statistics: (kind: "audio" | "video") => Promise<Readonly<Record<string, number>>>;
  /** The sum of the energy of the sound that was played: it grows only while something is heard. */
  readonly audioEnergy: () => Promise<number>;
  /** The pictures that were shown, from the `from`th on. */
  readonly shown: (from?: number) => Promise<readonly ShownFrame[]>;
  readonly waitForFrames: (count: number, deadlineMs?: number) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Plays a WHEP address in a page; it is connected when it answers. */
export async function playByWhep(page: Page, url: string, bearer: string): Promise<WhepPlayer> {
  let session: Session | null = null;
  try {
    session = await openSession(url, bearer, await callForText(page, "play", { iceServers: [] }));
    await connect(page, session.answer);
  } catch (error) {
    await hangUp(page, session);
    throw error;
  }
  const statistics: WhepPlayer["statistics"] = (kind) => report(page, "inbound-rtp", kind);
  const framesDecoded = async (): Promise<number> => (await statistics("video"))["framesDecoded"] ?? 0;
  return {
    session,
    state: () => connectionState(page),
    framesDecoded,
    statistics,
    audioEnergy: async () => (await statistics("audio"))["totalAudioEnergy"] ?? 0,
    shown: async (from = 0) => {
      const frames = await call(page, "seenFrom", from);
      if (!Array.isArray(frames)) throw new Error("the page saw nothing");
      return frames.map(shownFrame);
    },
    waitForFrames: async (count, deadlineMs) => {
      await waitFor(`${count} frames are decoded`, async () => (await framesDecoded()) >= count, deadlineMs);
    },
    stop: () => hangUp(page, session),
  };
}

function shownFrame(value: unknown): ShownFrame {
  const number = (name: string): number => Number(field(value, name));
  const levels = field(value, "levels");
  const cells: unknown[] = Array.isArray(levels) ? levels.slice(0, columns * rows) : [];
  return {
    presented: number("presentedFrames"),
    at: number("at"),
    width: number("width"),
    height: number("height"),
    counted: readCells(cells.map(Number)),
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && name in value ? Reflect.get(value, name) : undefined;
}
