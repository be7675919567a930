export { sourceHandlers } from "./routes.ts";
export { sourcesAmong } from "./sql.ts";
