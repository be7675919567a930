import { openDatabase } from "@trax/foundation/database";
import { Secret } from "@trax/foundation/secret";
import sql from "sql-template-tag";

/** Stands in for the migration: one table, for rows that must survive. */
const database = openDatabase(new Secret(process.env["DATABASE_URL"] ?? ""), { onError: () => undefined });
await database.query(sql`create table if not exists kept (n int primary key)`);
await database.close();
