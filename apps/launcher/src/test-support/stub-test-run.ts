import { nodeTest } from "../check/node-test.ts";

// Stands in for `./trax test`: runs the test files that it is given, whichever they are.
process.exitCode = (await nodeTest(process.argv.slice(2), 1)).status;
