// ws of npm: echo, and on /broadcast to all. Says "listening PORT", ends with stdin.
const { WebSocketServer } = require('ws');

const maxPayload = 16 * 1024 * 1024;
const perMessageDeflate = process.argv.includes('deflate') ? { threshold: 0 } : false;
const members = new Set();
const server = new WebSocketServer(
  { host: '127.0.0.1', port: 0, backlog: 1024, maxPayload, perMessageDeflate },
  () => console.log(`listening ${server.address().port}`),
);

server.on('connection', (socket, request) => {
  const broadcasts = request.url === '/broadcast';
  if (broadcasts) members.add(socket);
  socket.on('close', () => members.delete(socket));
  socket.on('error', (error) => console.error(error.message));
  socket.on('message', (data, binary) => {
    for (const peer of broadcasts ? members : [socket]) peer.send(data, { binary });
  });
});

process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
