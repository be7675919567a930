import { z } from "zod";

/** The closed catalogue of errors: each code, its status, and when it is given. */
export const errorCatalogue = {
  invalid_request: {
    status: 400,
    about: "The request does not have the shape the operation takes; `details` says where.",
  },
  checksum_mismatch: { status: 400, about: "The bytes are not those that were told of: their SHA-256 is another." },
  invalid_cursor: { status: 400, about: "The cursor is not one this list gave out." },
  unauthenticated: { status: 401, about: "No credential, or one that is unknown, revoked or expired." },
  insufficient_scope: { status: 403, about: "The credential lacks the scope that `requiredScope` names." },
  ip_not_allowed: { status: 403, about: "The key is limited to networks, and the request comes from elsewhere." },
  signed_url_refused: { status: 403, about: "The signed URL is not one that was given out, or it has expired." },
  origin_not_allowed: { status: 403, about: "A browser sent a session cookie from another origin." },
  not_found: { status: 404, about: "There is no such thing, or it is not yours." },
  method_not_allowed: { status: 405, about: "The path exists, the method does not; `Allow` lists those that do." },
  conflict: { status: 409, about: "The state of things does not allow it." },
  no_enabled_destination: { status: 409, about: "Going live needs an enabled destination, or `allowNoDestinations`." },
  studio_live: { status: 409, about: "Not while the studio is live: go offline first." },
  needs_relink: { status: 409, about: "The platform takes TRaX's grant no more: link the account again." },
  email_taken: { status: 409, about: "There is an account with this e-mail address." },
  asset_in_use: { status: 409, about: "Something shows the asset; `details` says what." },
  quota_exceeded: { status: 409, about: "The account's media library would have more bytes than it may." },
  upload_in_progress: { status: 409, about: "The bytes of this asset are being sent by another request." },
  upload_incomplete: { status: 409, about: "Bytes of the upload are still missing." },
  upload_finished: { status: 409, about: "The bytes of this asset are there already: they are sent once." },
  idempotency_in_progress: { status: 409, about: "A request with this `Idempotency-Key` is still being answered." },
  precondition_failed: { status: 412, about: "`If-Match` names a state of things that has passed." },
  payload_too_large: { status: 413, about: "The body is larger than 1 MiB." },
  unsupported_media_type: { status: 415, about: "The body must be `application/json`." },
  range_not_satisfiable: {
    status: 416,
    about: "The `Range` begins after the end of the file; `Content-Range` says how long it is.",
  },
  idempotency_mismatch: { status: 422, about: "This `Idempotency-Key` was used for another request." },
  destination_refused: { status: 422, about: "An address TRaX does not connect to." },
  platform_not_configured: {
    status: 422,
    about: "There is no such platform here, its operator has not set it up, or its accounts are linked another way.",
  },
  platform_refused: {
    status: 422,
    about: "The platform says no, or is not at the address given; `message` has the words.",
  },
  redirect_refused: {
    status: 422,
    about: "A browser is only sent back to TRaX's own origin, or where the operator lists in `TRAX_REDIRECT_URIS`.",
  },
  scope_not_held: { status: 422, about: "A key can only be given scopes that its owner holds." },
  precondition_required: { status: 428, about: "This needs `If-Match`, with the `ETag` that was given." },
  rate_limited: { status: 429, about: "Too many requests with this credential; `Retry-After` says when to go on." },
  internal_error: { status: 500, about: "Something broke on our side; quote `requestId`." },
  storage_full: { status: 507, about: "There is no room left to store it." },
  storage_unavailable: { status: 503, about: "What stores files cannot be reached now; try again in a moment." },
  write_disabled: { status: 503, about: "Writes are switched off by the operator; reads go on." },
  no_capacity: { status: 503, about: "The media nodes cannot carry another program now." },
  media_unavailable: { status: 503, about: "The media side cannot answer now." },
  platform_unavailable: { status: 503, about: "The platform does not answer, or not before a while." },
  unavailable: {
    status: 503,
    about:
      "A part TRaX needs is restarting; try again in a moment. With the same `Idempotency-Key` nothing is done twice.",
  },
} as const;

const codes = Object.keys(errorCatalogue);

export type ErrorCode = keyof typeof errorCatalogue;

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}

export const errorCodes: readonly ErrorCode[] = codes.filter(isErrorCode);

export const ErrorCodeSchema = z
  .enum(errorCodes)
  .meta({ id: "ErrorCode", description: "A code of the closed catalogue. New ones may be added." });

export const ErrorDetail = z
  .object({
    path: z.string().meta({ description: "Where in the request, as in `body.name`." }),
    message: z.string(),
  })
  .meta({ id: "ErrorDetail" });

export const ErrorEnvelope = z
  .object({
    error: z
      .object({
        code: ErrorCodeSchema,
        message: z.string(),
        requestId: z.string(),
        details: z.array(ErrorDetail).optional(),
        requiredScope: z.string().optional(),
        docUrl: z.string().optional(),
      })
      .meta({ id: "ErrorBody" }),
  })
  .meta({
    // Not "Error" or "ErrorResponse": generated Swift clients have those already.
    id: "ApiError",
    description: "The one shape of every failure.",
    examples: [{ error: { code: "not_found", message: "There is no such studio.", requestId: "req_01k9zv4q8f" } }],
  });
export type ErrorEnvelope = z.infer<typeof ErrorEnvelope>;
