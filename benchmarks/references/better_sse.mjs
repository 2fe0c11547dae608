// better-sse as its guide to channels shows it: one channel a topic, and whatever is published is broadcast.
import { createServer } from "node:http";
import { createChannel, createSession } from "better-sse";

const channels = new Map();

function channel(id) {
  if (!channels.has(id)) channels.set(id, createChannel());
  return channels.get(id);
}

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://127.0.0.1");
  if (pathname === "/events") {
    const session = await createSession(request, response);
    for (const id of searchParams.get("id").split(",")) channel(id).register(session);
    return;
  }
  let body = "";
  for await (const piece of request) body += piece;
  channel(searchParams.get("id")).broadcast(JSON.parse(body), "presence");
  response.writeHead(204).end();
});

server.keepAliveTimeout = 0;
server.listen({ host: "127.0.0.1", port: Number(process.argv[2]), backlog: 2048 });
