import type { Secret } from "@trax/foundation/secret";
import type { Logger } from "@trax/foundation/log";

/**
 * What a platform is to TRaX. Each is one folder below `platforms/` whose
 * `index.ts` exports `platform`; a new one is a new folder and no edit elsewhere.
 */
export type Platform = {
  /** As in the API: `twitch`. Also the folder's name. */
  readonly name: string;
  /** For people: `Twitch`. */
  readonly title: string;
  readonly capabilities: Capabilities;
  /** Settings by their name behind `TRAX_<PLATFORM>_`, as in `CLIENT_ID`; read once at start. */
  readonly settings: Readonly<Record<string, PlatformSetting>>;
  /** Where all accounts share one quota a day: the setting that holds it, and whose midnight ends the day. */
  readonly quota?: { readonly setting: string; readonly timeZone: string };
  /** Null where the operator has not set what it needs. */
  open(context: PlatformContext): PlatformClient | null;
};

export type PlatformSetting = {
  readonly about: string;
  readonly takes: string;
  /** What it is where it is not set; null: nothing. */
  readonly otherwise: string | null;
  readonly secret?: boolean;
};

export type Capabilities = {
  /** `oauth`: in a browser, by `authorize`. `credentials`: by what the request holds. */
  readonly linking: "oauth" | "credentials";
  /** Whether it has an ingest for a destination: where, until the platform tells better at go-live; null: none. */
  readonly ingestUrl: string | null;
  readonly metadata: readonly ("title" | "category" | "privacy")[];
  /** Characters a title may have, where that is known. */
  readonly longestTitle?: number;
  readonly chat: {
    readonly read: boolean;
    readonly send: boolean;
    readonly replies: boolean;
    /** Characters a message may have; null: no limit is known. */
    readonly longest: number | null;
    /** Bytes of UTF-8 it may have, where the platform counts these too. */
    readonly longestBytes?: number;
    /** What becomes of a longer one. */
    readonly longer: "split" | "refuse";
  };
};

/** What every platform is given once. */
export type PlatformContext = {
  /** A setting's text, its default where it is not set. */
  setting(name: string): string | null;
  /** `fetch` with a deadline and without redirects; see `http.ts`. `guarded`: by the address guard, for addresses that users gave. */
  readonly http: PlatformHttp;
  /** CIDRs that may be reached although they are not public. */
  readonly allowedNetworks: readonly string[];
  /** Where platforms reach this TRaX, as in `https://trax.example.com`. */
  readonly publicUrl: string;
  readonly log: Logger;
  /**
   * Counts what a call costs of a quota that all of the platform's accounts share. Throws `quota_exhausted` where it is
   * used up, or all of it but that share (0 to 1), which is left to what shows cannot do without.
   */
  spend(units: number, left?: number): Promise<void>;
};

export type PlatformHttp = {
  /** Answers what the platform answered with 2xx; else throws a `PlatformError`. */
  json(request: HttpRequest): Promise<unknown>;
  /** A 2xx answer's body, to be read while it comes. The signal ends it. */
  stream(request: HttpRequest & { readonly signal: AbortSignal }): Promise<ReadableStream<Uint8Array>>;
};

export type HttpRequest = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly bearer?: Secret;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string | Secret>>;
  readonly guarded?: boolean;
  readonly signal?: AbortSignal;
  /** 10,000 unless given. */
  readonly deadlineMs?: number;
  /** What a refusal means, where its status alone does not tell. Null: what its status says. */
  readonly explain?: (refusal: HttpRefusal) => PlatformError | null;
};

export type HttpRefusal = {
  readonly status: number;
  /** Its JSON; text where it is none. */
  readonly body: unknown;
  /** The platform's own words, fit to be shown; empty where it has none. */
  readonly words: string;
};

/** What linking found out. */
export type Linked = {
  readonly platformUserId: string;
  readonly accountName: string;
  readonly scopes: readonly string[];
  /** What is no secret and is needed again: the server, the channel. */
  readonly settings: Readonly<Record<string, string>>;
  readonly secrets: Secrets;
};

export type Secrets = {
  readonly accessToken?: string;
  readonly refreshToken?: string;
  readonly password?: string;
  /** When the access token ends; null: it does not, or nobody tells. */
  readonly expiresAt: Date | null;
};

/** A linked account, as an adapter uses it. */
export type PlatformSession = {
  readonly connectionId: string;
  readonly accountId: string;
  readonly platformUserId: string;
  readonly accountName: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Fresh when it is given; asks the platform for a new one where needed, once for all who ask. */
  accessToken(): Promise<Secret>;
  password(): Secret | null;
  /** Says that this token was refused though it should be good: the next `accessToken()` is another one, or `unauthorized`. */
  refused(token: Secret): void;
  /** Says that the password is not taken any more: the account has to be linked again. */
  passwordRefused(reason: string): Promise<void>;
};

/** A platform that is configured. What it cannot do, it leaves out. */
export type PlatformClient = {
  /** Where the browser is sent (RFC 6749, 4.1.1; PKCE where the platform has it). */
  authorizeUrl?(request: { readonly state: string; readonly challenge: string; readonly redirectUri: string }): string;
  exchange?(answer: {
    readonly code: string;
    readonly verifier: Secret;
    readonly redirectUri: string;
  }): Promise<Linked>;
  /** Checks what a request holds by using it. */
  link?(given: Readonly<Record<string, string>>): Promise<Linked>;
  /** New tokens. `unauthorized`: the grant is gone for good. */
  refresh?(secrets: Secrets): Promise<Secrets>;
  /** Asks whether a token is still good, where the platform wants that asked every hour. `unauthorized`: it is not. */
  validate?(token: Secret): Promise<void>;
  /** Withdraws the grant at the platform. */
  revoke?(secrets: Secrets): Promise<void>;
  /** Whether that ends all access that the person has ever given TRaX, by whatever link. */
  readonly withdrawsAll?: boolean;
  /** Where a broadcast is sent to. Asked at each go-live. */
  ingest?(session: PlatformSession, show: Show): Promise<{ readonly url: string; readonly streamKey: string }>;
  /** The broadcast is over. */
  ended?(session: PlatformSession): Promise<void>;
  setMetadata?(session: PlatformSession, metadata: Metadata): Promise<void>;
  /**
   * Reads chat until the signal ends it or an error does; who calls connects
   * again. `from` is the cursor that was last given with updates, null at first.
   * What is given is stored when `take` resolves. It may be called again before
   * it has: order is kept, and what comes together is stored together, so a busy
   * chat is read faster where nobody waits between two messages.
   */
  readChat?(
    session: PlatformSession,
    reading: {
      readonly from: string | null;
      readonly signal: AbortSignal;
      /** Once it is connected: from then on nothing is missed. */
      readonly ready: () => void;
      readonly take: (updates: readonly ChatUpdate[], cursor: string | null) => Promise<void>;
    },
  ): Promise<void>;
  /** Throws `NotDone` where the platform has certainly not got it; `unavailable` else says that it may have. */
  sendChat?(
    session: PlatformSession,
    message: { readonly text: string; readonly replyTo: string | null; readonly signal: AbortSignal },
  ): Promise<{
    /** Null where the platform does not tell: its echo is then known by its text. */
    readonly platformMessageId: string | null;
  }>;
  /** For platforms that post chat to us: checks who posted it and answers whose it is. Null: not genuine, or seen too late. */
  webhook?(request: {
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly body: Uint8Array;
  }): Promise<{
    /** Of one delivery, however often it is posted. */
    readonly deliveryId: string;
    readonly platformUserId: string;
    readonly updates: readonly ChatUpdate[];
  } | null>;
  /** Ends what it keeps open between calls. */
  close?(): void;
};

/** What a platform is told of a broadcast. */
export type Show = { readonly title: string; readonly privacy: "public" | "unlisted" | "private" };

export type Metadata = { readonly title?: string; readonly category?: string };

export type ChatAuthor = {
  readonly platformUserId: string;
  readonly name: string;
  /** `#rrggbb`, or null. */
  readonly color: string | null;
  readonly badges: readonly string[];
  readonly isModerator: boolean;
  readonly isOwner: boolean;
};

/** `start` and `end` (exclusive) in UTF-16 units of the text. */
export type ChatEmote = {
  readonly start: number;
  readonly end: number;
  readonly name: string;
  readonly url: string | null;
};

/** Something that happened in a chat. Deletions may come before what they delete. */
export type ChatUpdate =
  | {
      readonly kind: "message";
      readonly platformMessageId: string;
      readonly author: ChatAuthor;
      readonly text: string;
      readonly emotes: readonly ChatEmote[];
      /** The platform's id of what it answers. */
      readonly replyTo: string | null;
      readonly sentAt: Date;
      /** The platform does not tell our account from others like it: the text tells, loosely, for it may have changed it. */
      readonly isPerhapsOurs?: boolean;
    }
  | { readonly kind: "deleted"; readonly platformMessageId: string }
  /** A ban or a time-out: what the author wrote is taken back. */
  | { readonly kind: "author-removed"; readonly platformUserId: string }
  | { readonly kind: "cleared" };

export type PlatformErrorKind =
  /** The grant or the password is no good any more. */
  | "unauthorized"
  /** Too often; `retryAfterMs` where the platform tells. */
  | "rate_limited"
  /** A quota is used up until the platform's next day. */
  | "quota_exhausted"
  /** The platform says no, and will again: `message` is for a person. */
  | "refused"
  /** It cannot be reached, or breaks: later it may work. What was asked may have been done, unless it is a `NotDone`. */
  | "unavailable";

/** Why a platform did not do it. `message` is for people and holds no secret. */
export class PlatformError extends Error {
  readonly kind: PlatformErrorKind;
  readonly retryAfterMs: number | null;

  constructor(kind: PlatformErrorKind, message: string, retryAfterMs: number | null = null) {
    super(message);
    this.name = "PlatformError";
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}
