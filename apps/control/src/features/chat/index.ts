export type { ChatConnections } from "./connections.ts";
export { watch as watchChat } from "./platform-sql.ts";
export { chatHandlers } from "./routes.ts";
export { webhookRoutes } from "./webhook-routes.ts";
export { startChat } from "./worker.ts";
