import { readConfig } from "@trax/foundation/config";
import { openDatabase } from "@trax/foundation/database";
import { migrate, migrationsIn } from "./migrations.ts";

/** Brings the database of `DATABASE_URL` to the newest schema. Runs alone or before control starts; twice is once. */
const directory = new URL("../../../migrations/", import.meta.url);

try {
  const url = readConfig(process.env).DATABASE_URL;
  if (url === null) throw new Error("DATABASE_URL is needed: it takes a postgres:// URL");
  const database = openDatabase(url, { size: 1, onError: (error) => process.stderr.write(`${error.message}\n`) });
  try {
    const applied = await migrate(database, await migrationsIn(directory));
    for (const name of applied) process.stdout.write(`applied ${name}\n`);
  } finally {
    await database.close();
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
