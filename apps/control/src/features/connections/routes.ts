import type { Handlers } from "../../kernel/mount.ts";
import type { Services } from "../../kernel/services.ts";
import { beginAuthorization } from "./authorize.ts";
import type { Connections } from "./connections.ts";
import { createConnection, getConnection, listOfConnections, listOfPlatforms, setMetadata } from "./logic.ts";
import { unlink } from "./unlink.ts";

export type ConnectionHandlers = {
  readonly read: Handlers<"listPlatforms" | "listConnections" | "getConnection">;
  readonly write: Handlers<"createConnection" | "authorizeConnection" | "deleteConnection">;
  readonly goLive: Handlers<"setConnectionMetadata">;
};

export function connectionHandlers({
  cursors,
  connections,
}: Pick<Services, "cursors"> & { readonly connections: Connections }): ConnectionHandlers {
  const { registry } = connections;
  return {
    read: {
      listPlatforms: () => listOfPlatforms(registry),
      listConnections: ({ db, accountId, query }) => listOfConnections(db, accountId, { registry, cursors }, query),
      getConnection: ({ db, accountId, params }) => getConnection(db, accountId, params.connectionId, registry),
    },
    write: {
      createConnection: ({ accountId, body }) => createConnection(connections, accountId, body),
      authorizeConnection: ({ db, principal, body }) => beginAuthorization(db, connections, principal, body),
      deleteConnection: ({ db, accountId, params }) => unlink(db, registry, accountId, params.connectionId),
    },
    goLive: {
      setConnectionMetadata: ({ db, accountId, params, body }) =>
        setMetadata(db, connections, accountId, params.connectionId, body),
    },
  };
}
