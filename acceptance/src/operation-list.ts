import { accountOperations, operations } from "@trax/contract";
import type { ErrorCode, Operation } from "@trax/contract";

/** The list of operations is all that these suites know of TRaX's code: what is not in it cannot be tested, what is in it must be. */
const all = { ...operations, ...accountOperations } as const;

export type OperationName = keyof typeof all;

export type ListedOperation = {
  readonly name: OperationName;
  readonly method: Operation["method"];
  /** With `{name}` for each path parameter. */
  readonly path: string;
  readonly pathParameters: readonly string[];
  readonly auth: Operation["auth"];
  /** At least one is needed; empty: none. */
  readonly scopes: readonly string[];
  readonly isWrite: boolean;
  readonly isPaginated: boolean;
  readonly isStream: boolean;
  readonly hasBody: boolean;
  readonly isBodyOptional: boolean;
  readonly hasQuery: boolean;
  readonly status: number;
  /** Beyond those that every operation of its kind may answer. */
  readonly ownErrors: readonly ErrorCode[];
};

function isName(name: string): name is OperationName {
  return Object.hasOwn(all, name);
}

function listed(name: OperationName, operation: Operation): ListedOperation {
  const { scope } = operation;
  return {
    name,
    method: operation.method,
    path: operation.path,
    pathParameters: [...operation.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ""),
    auth: operation.auth,
    scopes: scope === null ? [] : typeof scope === "string" ? [scope] : scope,
    isWrite: operation.write,
    isPaginated: operation.paginated === true,
    isStream: operation.contentType === "text/event-stream",
    hasBody: operation.body !== null,
    isBodyOptional: operation.bodyOptional === true,
    hasQuery: operation.query !== null,
    status: operation.status,
    ownErrors: operation.errors,
  };
}

export const operationList: readonly ListedOperation[] = Object.entries<Operation>(all).flatMap(([name, operation]) =>
  isName(name) ? [listed(name, operation)] : [],
);

export function operationNamed(name: OperationName): ListedOperation {
  return listed(name, all[name]);
}

/** The operation there, or null. */
export function operationAt(method: Operation["method"], path: string): ListedOperation | null {
  return operationList.find((operation) => operation.method === method && operation.path === path) ?? null;
}
