import { z } from "zod";
import { Name, Time, id } from "./field.ts";
import { Scope } from "./scope.ts";

export const CredentialKind = z.enum(["api_key", "session", "oauth"]).meta({ id: "CredentialKind" });

export const Me = z
  .object({
    account: z.object({ id: id("acc"), name: z.string() }).meta({ id: "MeAccount" }),
    name: z.string().meta({ description: "The credential's own name." }),
    kind: CredentialKind,
    keyId: z.string().nullable(),
    scopes: z.array(Scope),
    limits: z
      .object({ requests: z.number().int(), windowSeconds: z.number().int() })
      .meta({ id: "MeLimits", description: "A token bucket of `requests` that refills over the window." }),
    expiresAt: Time.nullable(),
  })
  .meta({ id: "Me", description: "The credential that asks." });
export type Me = z.infer<typeof Me>;

export const HealthCheck = z
  .object({ status: z.enum(["ok"]).meta({ id: "HealthCheckStatus" }), writeEnabled: z.boolean() })
  .meta({ id: "HealthCheck", examples: [{ status: "ok", writeEnabled: true }] });

const Email = z
  .string()
  .max(254)
  .regex(/^[^\s@\u0000-\u001f]+@[^\s@\u0000-\u001f]+$/, "must be an e-mail address")
  .transform((email) => email.normalize("NFC"));
const Password = z.string().min(10, "must be at least 10 characters").max(200);

export const SignUp = z.strictObject({ email: Email, password: Password, name: Name }).meta({ id: "SignUp" });
export type SignUp = z.infer<typeof SignUp>;
export const SignIn = z.strictObject({ email: Email, password: z.string().min(1).max(200) }).meta({ id: "SignIn" });
export type SignIn = z.infer<typeof SignIn>;

export const AccountView = z
  .object({
    account: z.object({ id: id("acc"), name: z.string() }).meta({ id: "AccountViewAccount" }),
    user: z.object({ id: id("usr"), email: z.string(), name: z.string() }).meta({ id: "AccountViewUser" }),
    role: z.enum(["owner", "producer", "viewer"]).meta({ id: "Role" }),
    scopes: z.array(Scope),
  })
  .meta({ id: "AccountView" });
export type AccountView = z.infer<typeof AccountView>;

const keyFields = {
  id: id("key"),
  name: z.string(),
  prefix: z.string(),
  lastFour: z.string(),
  scopes: z.array(Scope),
  allowedNetworks: z.array(z.string()),
  expiresAt: Time.nullable(),
  lastUsedAt: Time.nullable(),
  revokedAt: Time.nullable(),
  createdAt: Time,
};
export const Key = z.object(keyFields).meta({ id: "Key" });
export type Key = z.infer<typeof Key>;
export const KeyCreated = z.object({ ...keyFields, secret: z.string() }).meta({ id: "KeyCreated" });
export type KeyCreated = z.infer<typeof KeyCreated>;
export const KeyList = z.object({ data: z.array(Key), nextCursor: z.string().nullable() }).meta({ id: "KeyList" });

export const KeyCreate = z
  .strictObject({
    name: Name,
    scopes: z.array(Scope).min(1).max(50),
    expiresInSeconds: z.number().int().min(1).max(315_360_000).nullable().optional(),
    allowedNetworks: z.array(z.string().max(50)).max(50).optional(),
  })
  .meta({ id: "KeyCreate" });
export type KeyCreate = z.infer<typeof KeyCreate>;
export const KeyRotate = z
  .strictObject({ overlapSeconds: z.number().int().min(0).max(2_592_000).default(3_600) })
  .meta({ id: "KeyRotate" });
export type KeyRotate = z.infer<typeof KeyRotate>;
