import { errorCatalogue } from "@trax/contract";
import type { ErrorCode } from "@trax/contract";
import type { ListedOperation } from "./operation-list.ts";
import type { PromiseKind } from "./promise.ts";

/** The columns of the coverage table: a status, or what is no refusal. */
export const columns = [
  "happy",
  "400",
  "401",
  "403",
  "404",
  "405",
  "409",
  "413",
  "415",
  "416",
  "422",
  "429",
  "503",
  "507",
  "idempotent",
  "paginated",
] as const;
export type Column = (typeof columns)[number];

export function columnOf(kind: PromiseKind): Column | null {
  const text: string = kind in errorCatalogue ? String(statusOf(kind)) : kind;
  return columns.find((column) => column === text) ?? null;
}

function statusOf(kind: PromiseKind): number | null {
  const entry = Object.entries(errorCatalogue).find(([code]) => code === kind);
  return entry?.[1].status ?? null;
}

/** Why a promise is not made, or null where it is. */
type Rule = { readonly kind: PromiseKind; readonly unless: (operation: ListedOperation) => string | null };

const isIdempotent = (operation: ListedOperation): string | null => {
  if (operation.method !== "POST") return "only POST takes an Idempotency-Key";
  if (operation.auth === "public") return "without a credential there is nobody whose key it would be";
  if (operation.auth === "session" && operation.pathParameters.length === 0 && !operation.hasBody)
    return "it ends the session that asks: a retry is nobody's";
  return null;
};
const hasBody = (operation: ListedOperation): string | null => (operation.hasBody ? null : "it takes no body");

/** What follows from an operation's entry in the contract. Its own errors come on top. */
const rules: readonly Rule[] = [
  { kind: "happy", unless: () => null },
  {
    kind: "invalid_request",
    unless: (operation) =>
      operation.auth === "public" && !operation.hasBody && !operation.hasQuery
        ? "it takes nothing that could be wrong"
        : null,
  },
  { kind: "invalid_cursor", unless: (operation) => (operation.isPaginated ? null : "it is not a list") },
  { kind: "unauthenticated", unless: () => null },
  {
    kind: "insufficient_scope",
    unless: (operation) => (operation.scopes.length === 0 ? "it needs no scope" : null),
  },
  {
    kind: "ip_not_allowed",
    unless: (operation) => (operation.auth === "session" ? "a session is limited to no network" : null),
  },
  {
    kind: "not_found",
    unless: (operation) => (operation.pathParameters.length === 0 ? "its path names nothing of a tenant" : null),
  },
  { kind: "method_not_allowed", unless: () => null },
  { kind: "payload_too_large", unless: hasBody },
  { kind: "unsupported_media_type", unless: hasBody },
  { kind: "idempotency_in_progress", unless: isIdempotent },
  { kind: "idempotency_mismatch", unless: isIdempotent },
  { kind: "rate_limited", unless: () => null },
  { kind: "write_disabled", unless: (operation) => (operation.isWrite ? null : "it changes nothing of a show") },
  { kind: "idempotent", unless: isIdempotent },
  { kind: "paginated", unless: (operation) => (operation.isPaginated ? null : "it is not a list") },
];

/** What nothing outside of TRaX can bring about at will: the fault tests and the unit tests do. */
const notAtWill: ReadonlySet<ErrorCode> = new Set([
  "internal_error",
  "unavailable",
  "media_unavailable",
  "no_capacity",
  // Whoever signs up owns the account and holds every scope: no route gives a lesser role yet.
  "scope_not_held",
]);

/** What has to be shown of an operation. */
export function requiredKinds(operation: ListedOperation): readonly PromiseKind[] {
  const byRule = rules.filter((rule) => rule.unless(operation) === null).map((rule) => rule.kind);
  return [...new Set([...byRule, ...operation.ownErrors.filter((code) => !notAtWill.has(code))])];
}

/** Why a column is empty for an operation: the reasons of the rules that would fill it. */
export function reasonsFor(operation: ListedOperation, column: Column): readonly string[] {
  const reasons = rules.filter((rule) => columnOf(rule.kind) === column).map((rule) => rule.unless(operation));
  const said = reasons.filter((reason) => reason !== null);
  if (column === "507") said.unshift("it stores nothing");
  if (column === "416") said.unshift("it is no file");
  if (column === "409" || column === "422") said.unshift("no state and no value refuses it");
  return [...new Set(said)];
}
