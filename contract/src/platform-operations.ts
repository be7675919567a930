import { z } from "zod";
import { HealthCheck, Me } from "./identity.ts";
import { operation } from "./operation.ts";

/** Platform. */
export const platformOperations = {
  getHealth: operation({
    method: "GET",
    path: "/v1/health",
    tag: "Platform",
    summary: "Is TRaX up?",
    auth: "public",
    scope: null,
    write: false,
    params: null,
    query: null,
    body: null,
    status: 200,
    response: HealthCheck,
    errors: [],
  }),
  getOpenApi: operation({
    method: "GET",
    path: "/v1/openapi.json",
    tag: "Platform",
    summary: "This contract",
    auth: "public",
    scope: null,
    write: false,
    params: null,
    query: null,
    body: null,
    status: 200,
    response: z.record(z.string(), z.unknown()),
    errors: [],
  }),
  getMe: operation({
    method: "GET",
    path: "/v1/me",
    tag: "Platform",
    summary: "The credential that asks",
    auth: "credential",
    scope: null,
    write: false,
    params: null,
    query: null,
    body: null,
    status: 200,
    response: Me,
    errors: [],
  }),
} as const;
