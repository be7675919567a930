import { assetOperations } from "./asset-operations.ts";
import { connectionOperations } from "./connection-operations.ts";
import { chatOperations } from "./chat-operations.ts";
import { destinationOperations } from "./destination-operations.ts";
import { platformOperations } from "./platform-operations.ts";
import { programOperations } from "./program-operations.ts";
import { recordingOperations } from "./recording-operations.ts";
import { sceneOperations } from "./scene-operations.ts";
import { snapshotOperations } from "./snapshot-operations.ts";
import { sourceOperations } from "./source-operations.ts";
import { streamOperations } from "./stream-operations.ts";
import { studioOperations } from "./studio-operations.ts";

/** The public operations by `operationId`. What is not here does not exist. */
export const operations = {
  ...platformOperations,
  ...studioOperations,
  ...sourceOperations,
  ...connectionOperations,
  ...destinationOperations,
  ...sceneOperations,
  ...programOperations,
  ...snapshotOperations,
  ...streamOperations,
  ...recordingOperations,
  ...assetOperations,
  ...chatOperations,
} as const;
