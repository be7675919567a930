import sql from "sql-template-tag";
import type { Role } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";

export async function insertAccount(db: Queryable, accountId: string, name: string): Promise<void> {
  await db.query(sql`insert into accounts (id, name) values (${accountId}, ${name})`);
}

/** False when the e-mail address is taken. */
export async function insertUser(
  db: Queryable,
  accountId: string,
  user: {
    readonly userId: string;
    readonly email: string;
    readonly passwordHash: string;
    readonly name: string;
    readonly role: Role;
  },
): Promise<boolean> {
  const rows = await db.query<{ id: string }>(sql`
    insert into users (id, email, password_hash, name)
    values (${user.userId}, ${user.email}, ${user.passwordHash}, ${user.name})
    on conflict (lower(email)) do nothing returning id`);
  if (rows.length === 0) return false;
  await db.query(
    sql`insert into memberships (account_id, user_id, role) values (${accountId}, ${user.userId}, ${user.role})`,
  );
  return true;
}

export async function insertSession(
  db: Queryable,
  accountId: string,
  session: { readonly userId: string; readonly hash: Buffer; readonly seconds: number },
): Promise<void> {
  await db.query(sql`
    insert into web_sessions (token_hash, user_id, account_id, expires_at)
    values (${session.hash}, ${session.userId}, ${accountId}, now() + make_interval(secs => ${session.seconds}))`);
}

/** Ends the session whose SHA-256 this is. */
export async function deleteSession(db: Queryable, accountId: string, hash: Buffer): Promise<void> {
  await db.query(sql`delete from web_sessions where account_id = ${accountId} and token_hash = ${hash}`);
}

export type Member = {
  readonly accountId: string;
  readonly accountName: string;
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly passwordHash: string | null;
};

type MemberRow = {
  account_id: string;
  account_name: string;
  user_id: string;
  email: string;
  name: string;
  role: Role;
  password_hash: string | null;
};

/** Who has this e-mail address, in whatever case, with the first account they joined: nobody is signed in yet, so no account is given. */
export async function findMember(db: Queryable, email: string): Promise<Member | null> {
  const [row] = await db.query<MemberRow>(sql`
    select m.account_id, a.name as account_name, u.id as user_id, u.email, u.name, m.role, u.password_hash
    from users u join memberships m on m.user_id = u.id join accounts a on a.id = m.account_id
    where lower(u.email) = lower(${email})
    order by m.account_id limit 1`);
  if (row === undefined) return null;
  return {
    accountId: row.account_id,
    accountName: row.account_name,
    userId: row.user_id,
    email: row.email,
    name: row.name,
    role: row.role,
    passwordHash: row.password_hash,
  };
}
