import { after, test } from "node:test";
import type { TestContext } from "node:test";
import type { ErrorCode } from "@trax/contract";
import type { OperationName } from "./operation-list.ts";

/**
 * What a test shows of an operation: that it does its work, that a retry is
 * safe, that its list can be walked, or that it refuses with a code.
 */
export type PromiseKind = "happy" | "idempotent" | "paginated" | ErrorCode;

/** One entry of the coverage table. */
export type PromiseRow = { readonly operation: OperationName; readonly kind: PromiseKind; readonly name: string };

const rows: PromiseRow[] = [];
let isCollecting = false;

/** A test that shows a promise of an operation, and so fills a cell of COVERAGE.md. */
export function promise(
  operation: OperationName,
  kind: PromiseKind,
  name: string,
  body: (context: TestContext) => Promise<void>,
): void {
  rows.push({ operation, kind, name });
  if (!isCollecting) void test(`${operation} · ${kind}: ${name}`, body);
}

/** A test of what is no single operation's. */
export function behaviour(name: string, body: (context: TestContext) => Promise<void>): void {
  if (!isCollecting) void test(name, body);
}

/** Runs after the last test of the file. */
export function afterAll(work: () => Promise<void>): void {
  if (!isCollecting) after(work);
}

/**
 * What the suites in these files promise, without running any: a suite only
 * registers when it is loaded, and reaches for no instance before its tests run.
 */
export async function collectRows(files: readonly string[]): Promise<readonly PromiseRow[]> {
  isCollecting = true;
  for (const file of files) await import(file);
  return rows;
}
