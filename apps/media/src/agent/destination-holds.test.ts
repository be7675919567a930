import assert from "node:assert/strict";
import { test } from "node:test";
import { DestinationHolds } from "./destination-holds.ts";

test("a second worker gets a destination only when the first has let it go", () => {
  const holds = new DestinationHolds<string>();
  assert.deepEqual([...holds.take("shared", 1, "std", ["a", "b"])], ["a", "b"]);
  assert.deepEqual([...holds.take("own", 1, "std", ["a", "c"])], ["c"]);
  assert.deepEqual([...holds.take("shared", 2, "std", ["b"])], ["b"]);
  assert.deepEqual(holds.letGo("shared", 1, "std"), [], "that was said before it was told");
  assert.deepEqual([...holds.take("own", 2, "std", ["a", "c"])], ["c"]);
  assert.deepEqual(holds.letGo("shared", 2, "std"), ["a"]);
  assert.deepEqual([...holds.take("own", 3, "std", ["a", "c"])], ["a", "c"]);
});

test("what is wanted again by who had it stays with it, whatever it says of the first ending", () => {
  const holds = new DestinationHolds<string>();
  holds.take("shared", 1, "std", ["a"]);
  holds.take("shared", 2, "std", []);
  assert.deepEqual([...holds.take("shared", 3, "std", ["a"])], ["a"]);
  assert.deepEqual(holds.letGo("shared", 2, "std"), []);
  holds.take("shared", 4, "std", []);
  assert.deepEqual(holds.letGo("shared", 3, "std"), []);
  assert.deepEqual([...holds.take("own", 1, "std", ["a"])], []);
  assert.deepEqual(holds.letGo("shared", 4, "std"), ["a"]);
});

test("a worker that is gone holds nothing, and a studio at rest is forgotten", () => {
  const holds = new DestinationHolds<string>();
  holds.take("shared", 1, "std_1", ["a"]);
  holds.take("shared", 2, "std_2", ["b"]);
  holds.take("own", 1, "std_2", ["c"]);
  assert.deepEqual(
    [...holds.gone("shared")],
    [
      ["std_1", ["a"]],
      ["std_2", ["b"]],
    ],
  );
  assert.equal(holds.has("std_1"), false);
  assert.equal(holds.has("std_2"), true);
  holds.take("own", 2, "std_2", []);
  holds.letGo("own", 2, "std_2");
  assert.equal(holds.has("std_2"), false);
});
