import type { Page } from "playwright-core";
import { waitFor } from "../wait-for.ts";

/** A session at a WHIP or WHEP endpoint (RFC 9725). */
export type Session = {
  readonly status: number;
  /** Where the session itself is, absolute. */
  readonly location: string;
  readonly headers: Headers;
  readonly answer: string;
  /** DELETEs the session; answers the status. */
  readonly remove: () => Promise<number>;
};

const connectDeadlineMs = 20_000;

/** POSTs an offer. Throws with the status and the body when it is not taken. */
export async function openSession(url: string, bearer: string, offer: string): Promise<Session> {
  const authorization = bearer === "" ? {} : { authorization: `Bearer ${bearer}` };
  const response = await fetch(url, {
    method: "POST",
    headers: { ...authorization, "content-type": "application/sdp" },
    body: offer,
  });
  const answer = await response.text();
  if (response.status !== 201) throw new SignallingError(response.status, answer);
  const location = new URL(response.headers.get("location") ?? "", url).href;
  return {
    status: response.status,
    location,
    headers: response.headers,
    answer,
    remove: async () => (await fetch(location, { method: "DELETE", headers: authorization })).status,
  };
}

class SignallingError extends Error {
  readonly status: number;

  constructor(status: number, body: string) {
    super(`refused with ${status}: ${body.slice(0, 300)}`);
    this.status = status;
  }
}

/** Calls a function of page.html. */
export async function call(page: Page, name: string, argument: unknown = null): Promise<unknown> {
  return page.evaluate(`window[${JSON.stringify(name)}](${JSON.stringify(argument)})`);
}

export async function callForText(page: Page, name: string, argument: unknown = null): Promise<string> {
  const answer = await call(page, name, argument);
  if (typeof answer !== "string") throw new Error(`${name} answered no text`);
  return answer;
}

/** Gives the page its answer and waits until media can flow. */
export async function connect(page: Page, answer: string): Promise<void> {
  await call(page, "answer", answer);
  await waitFor(
    "the peers are connected",
    async () => (await connectionState(page)) === "connected",
    connectDeadlineMs,
  );
}

/** `connected`, `disconnected`, `failed`, `closed`, … */
export function connectionState(page: Page): Promise<string> {
  return callForText(page, "state");
}

/**
 * Restarts ICE (RFC 9725, 4.3.3): media go on, by a pair of candidates that is
 * chosen anew. Answers the new ICE session's entity tag. Throws with the status
 * and the body when it is refused.
 */
export async function restartIce(page: Page, { location, answer }: Session): Promise<string> {
  const before = await pairChanges(page);
  const response = await fetch(location, {
    method: "PATCH",
    headers: { "content-type": "application/trickle-ice-sdpfrag", "if-match": "*" },
    body: iceOf(await callForText(page, "restartIce")),
  });
  const fragment = await response.text();
  if (response.status !== 200) throw new SignallingError(response.status, fragment);
  const [ufrag = "", password = ""] = fragment.match(/^a=ice-(?:ufrag|pwd):.*$/gm) ?? [];
  await call(page, "answer", answer.replaceAll(/^a=ice-ufrag:.*$/gm, ufrag).replaceAll(/^a=ice-pwd:.*$/gm, password));
  await waitFor(
    "another pair of candidates is chosen",
    async () => (await pairChanges(page)) > before,
    connectDeadlineMs,
  );
  return response.headers.get("etag") ?? "";
}

async function pairChanges(page: Page): Promise<number> {
  return (await report(page, "transport"))["selectedCandidatePairChanges"] ?? 0;
}

/** What an offer says of ICE, as a fragment (RFC 8840, 9): all is in one bundle, so its first section's. */
function iceOf(offer: string): string {
  const [session = "", first = ""] = offer.split(/^(?=m=)/m);
  const lines = (part: string, wanted: RegExp): string => (part.match(wanted) ?? []).join("");
  return (
    lines(session, /^a=(?:group|ice-options):.*\r\n/gm) +
    lines(first, /^(?:m=|a=(?:mid|ice-ufrag|ice-pwd|candidate):).*\r\n/gm)
  );
}

/** Ends the session, where it is still there, and closes the page. */
export async function hangUp(page: Page, session: Session | null): Promise<void> {
  await session?.remove().catch(() => 0);
  await call(page, "end").catch(() => null);
  await page.close();
}

/** A report of the connection's statistics: of that type, and kind where it has one. */
export async function report(
  page: Page,
  type: string,
  kind?: "audio" | "video",
): Promise<Readonly<Record<string, number>>> {
  const found = await call(page, "reports");
  if (!Array.isArray(found)) throw new Error("no statistics");
  const wanted: unknown = found.find((one: unknown) => text(one, "type") === type && text(one, "kind") === kind);
  if (typeof wanted !== "object" || wanted === null) return {};
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => typeof value === "number"));
}

function text(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && name in value ? Reflect.get(value, name) : undefined;
}
