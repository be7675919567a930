import type { Source } from "@trax/contract";
import { checkAddress } from "@trax/foundation/address-guard";
import { Secret } from "@trax/foundation/secret";
import type { Vault } from "@trax/foundation/vault";
import { maskedPassphrase, passphraseOf, withPassphrase } from "@trax/media-protocol";
import { ApiError, invalidRequest } from "../../kernel/errors.ts";

/** What may be connected to, and who answers what a name stands for. */
export type AddressRules = {
  /** CIDRs that may be reached although they are not public. */
  readonly allowedNetworks: readonly string[];
  /** Name to IP literals; the system's resolver unless given. */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
};

/** As a client gives them: one, a playlist, or an asset in their place. */
export type GivenUrls = {
  readonly url?: string | undefined;
  readonly playlist?: readonly string[] | undefined;
  readonly assetId?: string | undefined;
};

type Owner = { readonly accountId: string; readonly id: string };

/** How long a name may take here, ms: whoever adds a source waits for it. */
const deadlineMs = 2_000;
const maskedPassword = "***";
/** What stands before the password, and the password. */
const password = /^([a-z]+:\/\/[^:@/?]*:)([^@/?]*)@/iu;

/** The given addresses, where their kind of source has such; null: none are given. */
export function urlsFor(kind: Source["kind"], { url, playlist, assetId }: GivenUrls): readonly string[] | null {
  if (assetId !== undefined && kind !== "media") throw refusedField("assetId", "Only a media source plays an asset.");
  if (assetId !== undefined && (url ?? playlist) !== undefined)
    throw refusedField("assetId", "A source has an asset, or a URL, or a playlist.");
  if (url !== undefined && playlist !== undefined)
    throw refusedField("playlist", "A source has a URL or a playlist, not both.");
  if (kind === "ingest" && (url ?? playlist) !== undefined)
    throw refusedField(url === undefined ? "playlist" : "url", "An ingest source is published to, and has no URL.");
  if (kind === "pull" && playlist !== undefined) throw refusedField("playlist", "Only a media source has a playlist.");
  const urls = playlist ?? (url === undefined ? null : [url]);
  if (kind === "media" && urls?.every((each) => /^https?:/iu.test(each)) === false)
    throw refusedField(url === undefined ? "playlist" : "url", "A media source is opened by http or https.");
  return urls;
}

/** The same, for a source that is being made. */
export function urlsOfNew(kind: Source["kind"], given: GivenUrls): readonly string[] | null {
  const urls = urlsFor(kind, given);
  if (kind === "media" && urls === null && given.assetId === undefined)
    throw refusedField("url", "A media source needs a URL, a playlist or an asset.");
  if (kind === "pull" && urls === null) throw refusedField("url", "A pull source needs a URL.");
  return urls;
}

function refusedField(path: string, message: string): ApiError {
  return invalidRequest(message, [{ path, message }]);
}

/**
 * Refuses addresses that lead where TRaX does not connect. What a name stands
 * for is never told; one that is not found now is no reason: it is looked up
 * again with each connection.
 */
export async function checkUrls(urls: readonly string[], rules: AddressRules): Promise<void> {
  const hosts = new Set<string>();
  for (const text of urls) {
    const url = URL.parse(text);
    // The contract's pattern lets through an IPv6 address that is none.
    if (url === null || url.hostname === "")
      throw new ApiError("destination_refused", "The URL's host is not an address.");
    hosts.add(url.hostname);
  }
  await Promise.all(
    [...hosts].map(async (host) => {
      const checked = await checkAddress(host, { ...rules, deadlineMs });
      if (!checked.ok && checked.code === "address_refused") throw new ApiError("destination_refused", checked.message);
    }),
  );
}

/** One line each: no URL holds a line break. */
export function sealUrls(vault: Vault, urls: readonly string[], { accountId, id }: Owner): string {
  return vault.encrypt(new Secret(urls.join("\n")), { accountId, row: id });
}

/** Null when they cannot be opened any more: their key is gone. */
export function openUrls(vault: Vault, sealed: string, { accountId, id }: Owner): readonly string[] | null {
  try {
    return vault.decrypt(sealed, { accountId, row: id }).reveal().split("\n");
  } catch {
    return null;
  }
}

/** As it may be shown: without its password or passphrase. */
export function shownUrl(url: string): string {
  return withPassphrase(url.replace(password, `$1${maskedPassword}@`), maskedPassphrase);
}

/**
 * What is given back as it was shown is what there is already. Refuses what is
 * shown of another address, or of none that is known: a password does not
 * follow to where somebody else may read it, and three stars are none.
 */
export function withoutMasks(given: GivenUrls, urls: readonly string[], known: readonly string[]): readonly string[] {
  return urls.map((url, index) => {
    if (!isMasked(url)) return url;
    const same = known.find((each) => shownUrl(each) === url);
    if (same !== undefined) return same;
    const path = given.url === undefined ? `body.playlist.${index}` : "body.url";
    const message = "has *** in place of a password that is not known for it: give the password again";
    throw invalidRequest("The body is not valid.", [{ path, message }]);
  });
}

function isMasked(url: string): boolean {
  return password.exec(url)?.[2] === maskedPassword || passphraseOf(url) === maskedPassphrase;
}
