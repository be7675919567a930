export { destinationHandlers } from "./routes.ts";
