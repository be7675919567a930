import { appendFileSync, readFileSync } from "node:fs";
import { at, isObject } from "./json.ts";

/**
 * Every secret that passed through the suites' hands: keys, tokens, stream keys,
 * passwords, cookies. Instances are searched for them when they stop.
 */
const secretNames = new Set(["secret", "token", "bearerToken", "streamKey", "password"]);
const shortest = 12;
const noted = new Set<string>();

/** All processes of a run share this file. */
export const secretsFileVariable = "TRAX_ACCEPTANCE_SECRETS_FILE";

export function noteSecret(secret: string): void {
  if (secret.length < shortest || noted.has(secret)) return;
  noted.add(secret);
  const file = process.env[secretsFileVariable];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(secret)}\n`);
}

/** Notes what has the name of a secret, however deep. An RTMP stream key holds its token after `token=`. */
export function noteSecretsIn(value: unknown): void {
  const left: unknown[] = [value];
  while (left.length > 0) {
    const part = left.pop();
    if (Array.isArray(part)) left.push(...part);
    if (!isObject(part)) continue;
    for (const [name, child] of Object.entries(part)) {
      if (typeof child === "string" && secretNames.has(name)) noteSecret(child.split("token=").at(-1) ?? child);
      else left.push(child);
    }
  }
}

export function knownSecrets(): readonly string[] {
  const file = process.env[secretsFileVariable];
  if (file === undefined) return [...noted];
  const lines = readFileSync(file, "utf8").split("\n");
  const others = lines.flatMap((line) => (line.endsWith('"') ? [String(JSON.parse(line))] : []));
  return [...new Set([...noted, ...others])];
}

/** The names of secret fields an object has that it should show once at most. */
export function secretFieldsOf(value: unknown): readonly string[] {
  return [...secretNames].filter((name) => at(value, name) !== undefined);
}
