import { Secret } from "@trax/foundation/secret";
import type { Vault, VaultContext } from "@trax/foundation/vault";
import { z } from "zod";
import type { Secrets } from "./platform.ts";

const Stored = z.object({
  accessToken: z.string().optional(),
  refreshToken: z.string().optional(),
  password: z.string().optional(),
  expiresAt: z.iso.datetime().nullable(),
});

/** A connection's secrets as they are kept: sealed, with its account and its id. */
export function sealSecrets(vault: Vault, secrets: Secrets, context: VaultContext): string {
  return vault.encrypt(new Secret(JSON.stringify(secrets)), context);
}

/** Throws where the key that sealed them is gone. */
export function openSecrets(vault: Vault, sealed: string, context: VaultContext): Secrets {
  const { accessToken, refreshToken, password, expiresAt } = Stored.parse(
    JSON.parse(vault.decrypt(sealed, context).reveal()),
  );
  return {
    ...(accessToken === undefined ? {} : { accessToken }),
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(password === undefined ? {} : { password }),
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
  };
}

/** When a token is to be renewed ahead of its end: after four fifths of the time it has. */
export function dueAt(secrets: Secrets, now = Date.now()): Date | null {
  if (secrets.expiresAt === null || secrets.refreshToken === undefined) return null;
  return new Date(now + (secrets.expiresAt.getTime() - now) * 0.8);
}
