import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { KeyCreate, SignUp, roleScopes } from "@trax/contract";
import { parseRateLimit, readConfig } from "@trax/foundation/config";
import { openDatabase } from "@trax/foundation/database";
import type { Database } from "@trax/foundation/database";
import { findMember, makeAccount } from "./features/accounts/index.ts";
import { mintKey, revokeKeyOfAnyone } from "./features/keys/index.ts";
import { openPasswords } from "./kernel/auth/password.ts";
import { ApiError } from "./kernel/errors.ts";

/**
 * What an operator does past the API, on the database of `DATABASE_URL`. JSON
 * on standard output; words on standard error and exit status 1 when it fails.
 */
const usage = `usage: admin create-account --email E --name N
       admin create-key --email E --name N --scopes a,b|all [--expires-in 30s|15m|12h|30d] [--allow CIDR,CIDR]
                        [--rate-limit REQUESTS/SECONDS]
       admin revoke-key --id KEY`;

class Wrong extends Error {}

type Options = Readonly<Record<string, string | undefined>>;
type Command = (database: Database, options: Options) => Promise<object>;

/** The password is made here and shown once: one in the arguments would be in everybody's process list. */
async function createAccount(database: Database, options: Options): Promise<object> {
  const given = {
    email: needed(options, "email"),
    name: needed(options, "name"),
    password: randomBytes(15).toString("base64url"),
  };
  const parsed = SignUp.safeParse(given);
  if (!parsed.success) throw wrongField(parsed.error.issues);
  const { email, name, password } = parsed.data;
  const passwordHash = await (await openPasswords()).hash(password);
  const made = await database.transaction((tx) => makeAccount(tx, { email, name, passwordHash }));
  return { ...made, email, name, password };
}

async function createKey(database: Database, options: Options): Promise<object> {
  const member = await findMember(database, needed(options, "email"));
  if (member === null) throw new Wrong("there is no user with this --email");
  const held = roleScopes[member.role];
  const scopes = needed(options, "scopes");
  const parsed = KeyCreate.safeParse({
    name: needed(options, "name"),
    scopes: scopes === "all" ? held : scopes.split(",").map((scope) => scope.trim()),
    expiresInSeconds: options["expires-in"] === undefined ? null : secondsOf(options["expires-in"]),
    allowedNetworks: options["allow"]?.split(",").map((network) => network.trim()) ?? [],
  });
  if (!parsed.success) throw wrongField(parsed.error.issues);
  const owner = { accountId: member.accountId, userId: member.userId, scopes: new Set(held) };
  const limit = options["rate-limit"];
  const rateLimit = limit === undefined ? null : parseRateLimit(limit);
  if (limit !== undefined && rateLimit === null) throw new Wrong("--rate-limit takes requests/seconds, as 6000/60");
  return database.transaction((tx) => mintKey(tx, owner, parsed.data, rateLimit));
}

async function revokeKey(database: Database, options: Options): Promise<object> {
  const id = needed(options, "id");
  await revokeKeyOfAnyone(database, id);
  return { id, revoked: true };
}

const commands: Readonly<Record<string, Command>> = {
  "create-account": createAccount,
  "create-key": createKey,
  "revoke-key": revokeKey,
};

function needed(options: Options, name: string): string {
  const value = options[name];
  if (value === undefined) throw new Wrong(`--${name} is needed\n${usage}`);
  return value;
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

function secondsOf(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,8})([smhd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) throw new Wrong("--expires-in takes a time as 30s, 15m, 12h or 30d");
  return Number(count) * (unitSeconds[unit] ?? 1);
}

const optionOfField: Readonly<Record<string, string>> = { expiresInSeconds: "expires-in", allowedNetworks: "allow" };

function wrongField(issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]): Wrong {
  return new Wrong(
    issues
      .map(({ path: [field], message }) => `--${optionOfField[String(field)] ?? String(field)}: ${message}`)
      .join("\n"),
  );
}

async function main(): Promise<object> {
  const text = { type: "string" } as const;
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { email: text, name: text, scopes: text, "expires-in": text, allow: text, "rate-limit": text, id: text },
  });
  const command = commands[positionals[0] ?? ""];
  if (command === undefined || positionals.length > 1) throw new Wrong(usage);
  const url = readConfig(process.env).DATABASE_URL;
  if (url === null) throw new Wrong("DATABASE_URL is needed: it takes a postgres:// URL");
  const database = openDatabase(url, { size: 2, onError: () => undefined });
  try {
    return await command(database, values);
  } finally {
    await database.close();
  }
}

try {
  process.stdout.write(`${JSON.stringify(await main(), null, 2)}\n`);
} catch (error) {
  const words =
    error instanceof ApiError && error.code === "not_found"
      ? "there is no such key"
      : error instanceof Error
        ? error.message
        : String(error);
  const details =
    error instanceof ApiError
      ? (error.extras.details ?? []).map(({ path, message }) => `\n${path}: ${message}`).join("")
      : "";
  process.stderr.write(`${words}${details}\n`);
  process.exitCode = 1;
}
