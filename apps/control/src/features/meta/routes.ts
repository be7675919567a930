import { openApiDocument } from "@trax/contract/openapi";
import { scopes } from "@trax/contract";
import type { Handlers } from "../../kernel/mount.ts";
import type { Services } from "../../kernel/services.ts";

export type MetaHandlers = {
  readonly public: Handlers<"getHealth" | "getOpenApi">;
  readonly anyCredential: Handlers<"getMe">;
};

export function metaHandlers({ config }: Pick<Services, "config">): MetaHandlers {
  const health = { status: "ok", writeEnabled: config.PUBLIC_API_WRITE_ENABLED } as const;
  const document = openApiDocument();
  return {
    public: {
      getHealth: () => health,
      getOpenApi: () => document,
    },
    anyCredential: {
      getMe: ({ principal }) => ({
        account: { id: principal.accountId, name: principal.accountName },
        name: principal.name,
        kind: principal.kind,
        keyId: principal.kind === "api_key" ? principal.id : null,
        scopes: scopes.filter((scope) => principal.scopes.has(scope)),
        limits: { requests: principal.limit.requests, windowSeconds: principal.limit.seconds },
        expiresAt: principal.expiresAt?.toISOString() ?? null,
      }),
    },
  };
}
