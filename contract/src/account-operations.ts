import { z } from "zod";
import { AccountView, KeyCreate, KeyCreated, KeyList, KeyRotate, SignIn, SignUp } from "./identity.ts";
import { pageQuery, id } from "./field.ts";
import { operation } from "./operation.ts";

const ofKey = z.object({ id: id("key") });

/** What the account page does with a session cookie: same envelope and limits, not part of the public contract. */
export const accountOperations = {
  signUp: operation({
    method: "POST", path: "/account/sign-up", tag: "Account", summary: "Make an account and sign in",
    auth: "public", scope: null, write: true,
    params: null, query: null, body: SignUp, status: 201, response: AccountView, errors: ["email_taken", "origin_not_allowed"],
  }),
  signIn: operation({
    method: "POST", path: "/account/sign-in", tag: "Account", summary: "Sign in",
    auth: "public", scope: null, write: false,
    params: null, query: null, body: SignIn, status: 200, response: AccountView, errors: ["unauthenticated", "origin_not_allowed"],
  }),
  signOut: operation({
    method: "POST", path: "/account/sign-out", tag: "Account", summary: "Sign out",
    auth: "session", scope: null, write: false,
    params: null, query: null, body: null, status: 204, response: null, errors: ["origin_not_allowed"],
  }),
  listKeys: operation({
    method: "GET", path: "/account/keys", tag: "Account", summary: "List API keys",
    auth: "session", scope: null, write: false, paginated: true,
    params: null, query: z.object(pageQuery), body: null, status: 200, response: KeyList, errors: [],
  }),
  createKey: operation({
    method: "POST", path: "/account/keys", tag: "Account", summary: "Mint an API key",
    auth: "session", scope: null, write: true,
    params: null, query: null, body: KeyCreate, status: 201, response: KeyCreated, errors: ["scope_not_held", "origin_not_allowed"],
  }),
  rotateKey: operation({
    method: "POST", path: "/account/keys/{id}/rotate", tag: "Account", summary: "Replace a key; the old one works on for the overlap",
    auth: "session", scope: null, write: true,
    params: ofKey, query: null, body: KeyRotate, bodyOptional: true, status: 201, response: KeyCreated, errors: ["conflict", "origin_not_allowed"],
  }),
  revokeKey: operation({
    method: "DELETE", path: "/account/keys/{id}", tag: "Account", summary: "Revoke a key",
    auth: "session", scope: null, write: true,
    params: ofKey, query: null, body: null, status: 204, response: null, errors: ["origin_not_allowed"],
  }),
} as const;

