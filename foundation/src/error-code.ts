/** The `code` of an error of Node's or PostgreSQL's, `ENOENT` say; empty where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
