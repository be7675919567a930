import type { OutgoingHttpHeaders } from "node:http";
import { newAccount } from "./account.ts";
import type { Account } from "./account.ts";
import { bearer } from "./http.ts";
import { sharedInstance } from "./instance.ts";
import type { ListedOperation } from "./operation-list.ts";

/** A new account on the instance of the run. */
export async function freshAccount(): Promise<Account> {
  return newAccount(await sharedInstance());
}

let kept: Promise<Account> | undefined;

/** One account for all tests of a file that change nothing in it. */
export function fileAccount(): Promise<Account> {
  return (kept ??= freshAccount());
}

/** What lets this account do the operation. */
export function credentialFor(operation: ListedOperation, account: Account): OutgoingHttpHeaders {
  if (operation.auth === "public") return {};
  return operation.auth === "session" ? account.session : bearer(account.key);
}
