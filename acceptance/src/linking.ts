import assert from "node:assert/strict";
import type { Account } from "./account.ts";
import { textAt } from "./json.ts";
import { redirectUri } from "./platforms.ts";

/** Begins to link an account of a platform; answers the platform's page. */
export async function authorizeUrlOf(account: Account, platform: string): Promise<string> {
  const answer = await account.ask("POST", "/v1/connections/authorize", { platform, redirectUri });
  assert.equal(answer.status, 201, answer.text);
  return textAt(answer.json, "authorizeUrl");
}

/** Where a browser is sent from there. */
export async function sentOnFrom(url: string): Promise<URL> {
  const answer = await fetch(url, { redirect: "manual" });
  return new URL(answer.headers.get("location") ?? assert.fail(`${answer.status}: ${await answer.text()}`));
}

/** Links whoever consents at the platform, as a browser would go; answers the connection's id. */
export async function linkAt(account: Account, platform: string): Promise<string> {
  const callback = await sentOnFrom(await authorizeUrlOf(account, platform));
  const end = await sentOnFrom(callback.href);
  assert.equal(end.origin + end.pathname, redirectUri);
  return end.searchParams.get("connectionId") ?? assert.fail(end.href);
}

/** Links a user of the run's Twitch that nobody has linked before. */
export function linkSomebody({ account }: { readonly account: Account }): Promise<string> {
  return linkAt(account, "twitch");
}
