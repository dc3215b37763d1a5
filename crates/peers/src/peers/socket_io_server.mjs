// The server of the peer Socket.IO: a room for each user, whose members are told of the state of that user. It follows
// the pages "Rooms", "Memory usage" and "Performance tuning" of its documentation.
import { createServer } from "node:http";
import { Server } from "socket.io";

const server = createServer();
const io = new Server(server, { transports: ["websocket"], serveClient: false });
io.engine.on("connection", (raw) => {
  raw.request = null;
});

const states = new Map();
const sockets = new Map();

io.on("connection", (socket) => {
  const user = socket.handshake.auth.user;
  const tell = (text) => {
    states.set(user, text);
    io.to(user).emit("s", user, text);
  };
  sockets.set(user, socket.id);
  socket.on("watch", (watched, answer) => {
    socket.join(watched);
    tell("online");
    answer(watched.map((other) => states.get(other) ?? "offline"));
  });
  socket.on("set", tell);
  socket.on("disconnect", () => {
    if (sockets.get(user) === socket.id) {
      sockets.delete(user);
      tell("offline");
    }
  });
});

server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
