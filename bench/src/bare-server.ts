import fastify from "fastify";

/**
 * The peer of an authenticated request: Fastify as it comes, one route that
 * answers the body it was sent over IPC, and nothing else. Says its address.
 */
process.once("message", (body: object) => {
  void serve(body);
});
process.once("disconnect", () => process.exit(0));

async function serve(body: object): Promise<void> {
  const app = fastify();
  app.get("/v1/me", () => Promise.resolve(body));
  process.send?.({ url: await app.listen({ host: "127.0.0.1", port: 0 }) });
}
