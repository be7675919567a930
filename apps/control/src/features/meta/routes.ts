import { openApiDocument } from "@trax/contract/openapi";
import { scopes } from "@trax/contract";
import type { Me } from "@trax/contract";
import type { Principal } from "../../kernel/auth/principal.ts";
import { fixed } from "../../kernel/fixed-answer.ts";
import type { Handlers } from "../../kernel/mount.ts";
import type { Services } from "../../kernel/services.ts";

export type MetaHandlers = {
  readonly public: Handlers<"getHealth" | "getOpenApi">;
  readonly anyCredential: Handlers<"getMe">;
};

export function metaHandlers({ config }: Pick<Services, "config">): MetaHandlers {
  const health = fixed({ status: "ok" as const, writeEnabled: config.PUBLIC_API_WRITE_ENABLED });
  const document = fixed(openApiDocument());
  const known = new WeakMap<Principal, Me>();
  return {
    public: {
      getHealth: () => health,
      getOpenApi: () => document,
    },
    anyCredential: {
      getMe: ({ principal }) => {
        let me = known.get(principal);
        if (me === undefined) known.set(principal, (me = fixed(meOf(principal))));
        return me;
      },
    },
  };
}

function meOf(principal: Principal): Me {
  return {
    account: { id: principal.accountId, name: principal.accountName },
    name: principal.name,
    kind: principal.kind,
    keyId: principal.kind === "api_key" ? principal.id : null,
    scopes: scopes.filter((scope) => principal.scopes.has(scope)),
    limits: { requests: principal.limit.requests, windowSeconds: principal.limit.seconds },
    expiresAt: principal.expiresAt?.toISOString() ?? null,
  };
}
