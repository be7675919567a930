export { accountHandlers } from "./routes.ts";
export { makeAccount } from "./logic.ts";
export type { NewAccount } from "./logic.ts";
export { findMember } from "./sql.ts";
