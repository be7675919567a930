import { roleScopes } from "@trax/contract";
import type { AccountView } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { newId } from "@trax/foundation/ids";
import type { Passwords } from "../../kernel/auth/password.ts";
import { newSessionToken, sessionSeconds, signInCookie, signOutCookie } from "../../kernel/auth/session.ts";
import { ApiError } from "../../kernel/errors.ts";
import { addressBucket } from "../../kernel/client-address.ts";
import { rateLimited } from "../../kernel/guard.ts";
import type { AuthenticatedRequest, PublicRequest } from "../../kernel/mount.ts";
import type { RateLimiter } from "../../kernel/rate-limit.ts";
import { deleteSession, findMember, insertAccount, insertSession, insertUser } from "./sql.ts";
import type { Member } from "./sql.ts";

export type NewAccount = { readonly accountId: string; readonly userId: string };

/** Makes an account and the user who owns it; refuses an e-mail address that is taken, whatever its case. */
export async function makeAccount(
  tx: Queryable,
  given: { readonly email: string; readonly name: string; readonly passwordHash: string },
): Promise<NewAccount> {
  const accountId = newId("account");
  const userId = newId("user");
  await insertAccount(tx, accountId, given.name);
  const inserted = await insertUser(tx, accountId, { userId, role: "owner", ...given });
  if (!inserted) throw new ApiError("email_taken");
  return { accountId, userId };
}

export async function signUp(passwords: Passwords, request: PublicRequest<"signUp">): Promise<AccountView> {
  const { email, name, password } = request.body;
  const passwordHash = await passwords.hash(password);
  const { token, hash } = newSessionToken();
  const { accountId, userId } = await request.database.transaction(async (tx) => {
    const made = await makeAccount(tx, { email, name, passwordHash });
    await insertSession(tx, made.accountId, { userId: made.userId, hash, seconds: sessionSeconds });
    return made;
  });
  request.setHeader("set-cookie", signInCookie(token));
  return view({ accountId, accountName: name, userId, email, name, role: "owner" });
}

/** Failed attempts on one e-mail address from one place: guessing must not be worth it. */
const attempts = { requests: 10, seconds: 60 };

export async function signIn(
  passwords: Passwords,
  limiter: RateLimiter,
  request: PublicRequest<"signIn">,
): Promise<AccountView> {
  const { email, password } = request.body;
  const user = await findMember(request.database, email);
  // By the user where there is one: the database takes more spellings of an address for the same than we do.
  const bucket = `sign-in:${addressBucket(request.clientAddress)}:${user?.userId ?? email.toLowerCase()}`;
  const verdict = limiter.take(bucket, attempts);
  if (!verdict.allowed) throw rateLimited(verdict);
  if (!(await passwords.verify(user?.passwordHash ?? null, password)) || user === null) {
    throw new ApiError("unauthenticated", "The e-mail address or the password is wrong.", {
      headers: { "www-authenticate": 'Bearer realm="trax"' },
    });
  }
  limiter.refund(bucket, attempts);
  const { token, hash } = newSessionToken();
  await insertSession(request.database, user.accountId, { userId: user.userId, hash, seconds: sessionSeconds });
  request.setHeader("set-cookie", signInCookie(token));
  return view(user);
}

export async function signOut(request: AuthenticatedRequest<"signOut">): Promise<void> {
  await deleteSession(request.db, request.accountId, request.principal.hash);
  request.setHeader("set-cookie", signOutCookie);
}

function view(member: Omit<Member, "passwordHash">): AccountView {
  return {
    account: { id: member.accountId, name: member.accountName },
    user: { id: member.userId, email: member.email, name: member.name },
    role: member.role,
    scopes: [...roleScopes[member.role]],
  };
}
