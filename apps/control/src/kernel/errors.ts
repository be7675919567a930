import { errorCatalogue } from "@trax/contract";
import type { ErrorCode } from "@trax/contract";
import { isDatabaseAway } from "@trax/foundation/database";
import { codeOf } from "@trax/foundation/error-code";
import { StorageAway } from "@trax/foundation/object-store/storage-away";
import { StorageFull } from "@trax/foundation/object-store/storage-full";

export type ErrorDetail = { readonly path: string; readonly message: string };

type Extras = {
  readonly details?: readonly ErrorDetail[];
  readonly requiredScope?: string;
  /** Response headers that go with it, in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
};

/** A refusal a client is meant to see. Everything else that is thrown becomes `internal_error`. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ErrorCode;
  readonly extras: Extras;

  constructor(code: ErrorCode, message: string = errorCatalogue[code].about, extras: Extras = {}) {
    super(message);
    this.code = code;
    this.extras = extras;
  }

  get status(): number {
    return errorCatalogue[this.code].status;
  }
}

/** The `not_found` of any resource: the same for what never existed and for what is another tenant's. */
export function notFound(what = "thing"): ApiError {
  return new ApiError("not_found", `There is no such ${what}.`);
}

export function invalidRequest(message: string, details: readonly ErrorDetail[] = []): ApiError {
  return new ApiError("invalid_request", message, details.length > 0 ? { details } : {});
}

// Two transactions that wait for each other: one is ended, and would succeed a moment later.
const deadlock = "40P01";

/** The nodes cannot carry another program. */
export function noCapacity(): ApiError {
  return new ApiError("no_capacity", undefined, { headers: { "retry-after": "30" } });
}

/** What the client is told of anything that was thrown: never more than the catalogue has words for. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (thrown instanceof StorageAway)
    return new ApiError("storage_unavailable", undefined, { headers: { "retry-after": "1" } });
  if (thrown instanceof StorageFull) return new ApiError("storage_full");
  if (isDatabaseAway(thrown) || codeOf(thrown) === deadlock) {
    return new ApiError("unavailable", errorCatalogue.unavailable.about, { headers: { "retry-after": "1" } });
  }
  return frameworkError(thrown) ?? new ApiError("internal_error");
}

/** Fastify's own refusals, in our words. */
function frameworkError(thrown: unknown): ApiError | null {
  switch (codeOf(thrown)) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new ApiError("payload_too_large");
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new ApiError("unsupported_media_type");
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return invalidRequest("The body is not as long as Content-Length says.");
    case "FST_ERR_BAD_URL":
      return invalidRequest("The path is not valid percent-encoding.");
    case "FST_ERR_MAX_PARAM_LENGTH":
      return notFound();
    case "ECONNRESET":
    case "ERR_STREAM_PREMATURE_CLOSE":
      return invalidRequest("The body ended early.");
    default:
      return null;
  }
}

/** The JSON of the one error shape. */
export function errorBody(error: ApiError, requestId: string): string {
  const { details, requiredScope } = error.extras;
  return JSON.stringify({
    error: {
      code: error.code,
      message: error.message,
      requestId,
      ...(details === undefined ? {} : { details }),
      ...(requiredScope === undefined ? {} : { requiredScope }),
    },
  });
}
