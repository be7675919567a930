import type { Page } from "playwright-core";
import {
  callForText,
  connect,
  connectionState,
  hangUp,
  openSession,
  report,
  restartIce,
  type Session,
} from "./signalling.ts";

export type WhipOptions = {
  /** `h264` unless set. */
  readonly codec?: "h264" | "vp8" | "vp9" | "av1";
  readonly video?: boolean;
  readonly audio?: boolean;
};

export type WhipPublisher = {
  readonly session: Session;
  readonly state: () => Promise<string>;
  /** Frames that were encoded and sent so far. */
  readonly framesSent: () => Promise<number>;
  /** Restarts ICE as a browser does whose network changed; answers the new entity tag. */
  readonly restartIce: () => Promise<string>;
  /** Hangs up as it is meant: DELETE, then closes. */
  readonly stop: () => Promise<void>;
  /** Is gone without a word. */
  readonly vanish: () => Promise<void>;
};

/** Publishes the camera and microphone of a page; media flow when it answers. */
export async function publishByWhip(
  page: Page,
  url: string,
  bearer: string,
  { codec = "h264", video = true, audio = true }: WhipOptions = {},
): Promise<WhipPublisher> {
  let session: Session | null = null;
  try {
    const offer = await callForText(page, "publish", { video, audio, codec, iceServers: [] });
    session = await openSession(url, bearer, offer);
    await connect(page, session.answer);
  } catch (error) {
    await hangUp(page, session);
    throw error;
  }
  return {
    session,
    state: () => connectionState(page),
    framesSent: async () => (await report(page, "outbound-rtp", "video"))["framesSent"] ?? 0,
    restartIce: () => restartIce(page, session),
    stop: () => hangUp(page, session),
    vanish: () => page.close(),
  };
}
