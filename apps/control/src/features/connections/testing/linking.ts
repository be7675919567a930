import assert from "node:assert/strict";
import { ConnectionAuthorization } from "@trax/contract";
import type { TestControl } from "../../../testing/control.ts";
import { shapeOf } from "../../../testing/shape.ts";
import type { Tenant } from "../../../testing/tenant.ts";

/** As the operator set it for tests: somebody's own app. */
export const appUri = "https://app.example.com/linked?x=1";

export async function authorizeUrlOf(tenant: Tenant, platform: string): Promise<string> {
  const answer = await tenant.call("POST", "/v1/connections/authorize", { platform, redirectUri: appUri });
  return shapeOf(answer, 201, ConnectionAuthorization).authorizeUrl;
}

/** The callback that the platform sends a browser to, at the port that this control really has. */
export async function callbackOf(control: TestControl, authorizeUrl: string): Promise<string> {
  const page = await fetch(authorizeUrl, { redirect: "manual" });
  const back = new URL(page.headers.get("location") ?? assert.fail(await page.text()));
  assert.equal(back.pathname, "/connections/callback");
  return control.baseUrl + back.pathname + back.search;
}

/** Where the browser ends up. */
export async function comeBack(callback: string, headers: Record<string, string> = {}): Promise<URL> {
  const answer = await fetch(callback, { redirect: "manual", headers });
  assert.equal(answer.status, 303, await answer.text());
  return new URL(answer.headers.get("location") ?? "");
}

/** Links whoever consents at the platform; answers the connection's id. */
export async function linkAt(control: TestControl, tenant: Tenant, platform: string): Promise<string> {
  const end = await comeBack(await callbackOf(control, await authorizeUrlOf(tenant, platform)));
  return end.searchParams.get("connectionId") ?? assert.fail(end.href);
}
