import type { AmfValue } from "./amf0.ts";
import type { CloseReason } from "./errors.ts";

/** What a server says in an onStatus, `_result` or `_error`: an information object (RTMP 1.0, 7.2.1.1, 7.2.2). */
export type Status = { readonly level: string; readonly code: string; readonly description: string };

/** The first information object among a command's values; null where there is none. */
export function readStatus(values: readonly AmfValue[]): Status | null {
  for (const value of values) {
    if (!(value instanceof Map) || typeof value.get("code") !== "string") continue;
    const text = (key: string): string => String(value.get(key) ?? "");
    return { level: text("level"), code: text("code"), description: text("description") };
  }
  return null;
}

/** A server's refusal in words for a streamer, its own kept; `otherwise` where the words fit no known kind. */
export function refusal(status: Status | null, quote: (text: string) => string, otherwise: CloseReason): CloseReason {
  if (status === null) return otherwise;
  const said = quote([status.code, status.description].filter((text) => text !== "").join(": "));
  const all = `${status.code} ${status.description}`;
  if (/badname|already|in use|duplicate|\bbusy\b/i.test(all)) {
    return { code: "name_in_use", message: `Somebody is already streaming with this key (the server said: ${said}).` };
  }
  if (/unauthori[sz]ed|auth|denied|forbidden|credential|not allowed|invalid.*(key|stream|token)|expired/i.test(all)) {
    return { code: "auth_refused", message: `The server refused the stream key (it said: ${said}).` };
  }
  if (/invalidapp|unknown app|application/i.test(all)) {
    return { code: "auth_refused", message: `The server does not know the path in the URL (it said: ${said}).` };
  }
  return { code: otherwise.code, message: `${otherwise.message.replace(/\.$/, "")} (it said: ${said}).` };
}

/**
 * Makes a server's text fit to show: without any of the secrets, which servers
 * like to repeat, without control characters, and short.
 */
export function quoter(secrets: readonly string[]): (text: string) => string {
  const forms = [...new Set(secrets.flatMap(secretForms))]
    .filter((form) => form !== "")
    .toSorted((a, b) => b.length - a.length);
  return (text) => {
    let shown = text;
    for (const form of forms) shown = replaceSecret(shown, form);
    shown = shown.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
    return JSON.stringify(shown.length > 200 ? `${shown.slice(0, 200)}...` : shown);
  };
}

/** A key as a whole, its path and each value of its query, each as it is, decoded and encoded. */
function secretForms(secret: string): string[] {
  const [path = "", query = ""] = splitOnce(secret, "?");
  const values = query.split("&").map((pair) => splitOnce(pair, "=")[1] ?? pair);
  return [secret, path, query, ...values].flatMap((part) => [part, encodeURIComponent(part), decoded(part)]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** A short secret would be found inside ordinary words, so that there only whole words count. */
function replaceSecret(text: string, secret: string): string {
  if (secret.length >= 6) return text.replaceAll(secret, "[stream key]");
  const escaped = secret.replace(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);
  return text.replace(new RegExp(String.raw`(?<![\w])${escaped}(?![\w])`, "g"), "[stream key]");
}
