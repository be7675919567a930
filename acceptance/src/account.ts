import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { OutgoingHttpHeaders } from "node:http";
import { scopes } from "@trax/contract";
import { bearer, send } from "./http.ts";
import type { Answer, Ask } from "./exchange.ts";
import type { Instance } from "./instance.ts";
import { textAt } from "./json.ts";
import { noteSecret } from "./secrets.ts";

/** A tenant of one test's own, made as a person makes one: by signing up. */
export type Account = {
  readonly instance: Instance;
  readonly id: string;
  readonly email: string;
  readonly password: string;
  /** What a signed-in browser sends. */
  readonly session: OutgoingHttpHeaders;
  /** A key with every scope. */
  readonly key: string;
  /** Sends a request with that key. */
  readonly ask: (method: string, path: string, json?: unknown, headers?: OutgoingHttpHeaders) => Promise<Answer>;
  /** Sends a request with the session cookie. */
  readonly askAsUser: (method: string, path: string, json?: unknown, headers?: OutgoingHttpHeaders) => Promise<Answer>;
};

export type KeyWish = {
  readonly name?: string;
  readonly scopes?: readonly string[];
  readonly expiresInSeconds?: number;
  readonly allowedNetworks?: readonly string[];
};

export function newPassword(): string {
  const password = randomBytes(18).toString("base64url");
  noteSecret(password);
  return password;
}

export function newEmail(): string {
  return `${randomBytes(8).toString("hex")}@acceptance.example`;
}

export async function newAccount(instance: Instance): Promise<Account> {
  const [email, password] = [newEmail(), newPassword()];
  const answer = await send(instance.baseUrl, {
    method: "POST",
    path: "/account/sign-up",
    json: { email, password, name: "Acceptance" },
  });
  assert.equal(answer.status, 201, answer.text);
  const session = cookieOf(answer);
  const key = await mintKey(instance, session);
  const asker =
    (credential: OutgoingHttpHeaders): Account["ask"] =>
    (method, path, json, headers) => {
      const ask: Ask = { method, path, headers: { ...credential, ...headers } };
      return send(instance.baseUrl, json === undefined ? ask : { ...ask, json });
    };
  return {
    instance,
    id: textAt(answer.json, "account", "id"),
    email,
    password,
    session,
    key,
    ask: asker(bearer(key)),
    askAsUser: asker(session),
  };
}

/** The header that sends a `Set-Cookie` back. */
export function cookieOf(answer: Answer): OutgoingHttpHeaders {
  const pair = answer.headers["set-cookie"]?.at(-1)?.split(";")[0];
  assert.ok(pair !== undefined, "a session cookie is set");
  return { cookie: pair };
}

/** The secret of a new key; every scope unless it names some. */
export async function mintKey(instance: Instance, session: OutgoingHttpHeaders, wish: KeyWish = {}): Promise<string> {
  const answer = await send(instance.baseUrl, {
    method: "POST",
    path: "/account/keys",
    headers: session,
    json: { name: "acceptance", scopes, ...wish },
  });
  assert.equal(answer.status, 201, answer.text);
  return textAt(answer.json, "secret");
}
