export { sourceHandlers } from "./routes.ts";
