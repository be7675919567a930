/**
 * For tests: an agent in a process of its own that starts a router in the data
 * directory it is given and waits to be killed.
 */
import { decideByToken, testPassword } from "./test-router.ts";
import { Router, type RouterOptions } from "./router.ts";

const [binary = "", dataDir = "", addresses = ""] = process.argv.slice(2);
const parsed: RouterOptions["addresses"] = JSON.parse(addresses);
const router = await Router.start({
  binary,
  dataDir,
  addresses: parsed,
  internalPassword: testPassword,
  decide: decideByToken,
});
process.stdout.write(`router ${router.pid}\n`);
setInterval(() => undefined, 60_000);
