export { metaHandlers } from "./routes.ts";
