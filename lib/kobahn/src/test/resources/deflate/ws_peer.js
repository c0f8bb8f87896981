// Echoes every message with ws, as a server or as a client; see README.md here.
'use strict';

const { WebSocket, WebSocketServer } = require('ws');

// each piece is compressed by itself, which takes its time
const PIECES = 16;

const [role, text] = process.argv.slice(2);
const wishes = text.split(';').map((wish) => {
  const [takeover, bits] = wish.split(',');
  return { takeover: takeover === 'true', bits: Number(bits) };
});

function echo(ws) {
  const deflate = ws._extensions['permessage-deflate'];
  let fragment = 0;
  let received = 0;
  let compressed = 0;
  if (deflate) {
    const { decompress } = deflate;
    deflate.decompress = function (data, fin, callback) {
      if (fin) compressed++;
      decompress.call(this, data, fin, callback);
    };
  }
  ws.on('message', (data, binary) => {
    const order = !binary && data.length < 100 && data.toString();
    if (order && order.startsWith('!fragment ')) fragment = Number(order.split(' ')[1]);
    if (order === '!report') {
      // the order to report was compressed, too
      const counts = { received, compressed: compressed - 1, ...(deflate && deflate.params) };
      ws.send(Object.entries(counts).map((entry) => entry.join('=')).join('\n'));
      received = compressed = 0;
      return;
    }
    received++;
    const least = Math.ceil(data.length / PIECES);
    const step = fragment ? Math.max(fragment, least) : Math.max(data.length, 1);
    let from = 0;
    do {
      const piece = data.subarray(from, from + step);
      from += step;
      ws.send(piece, { binary, fin: from >= data.length });
    } while (from < data.length);
  });
  ws.on('error', (error) => console.error(error));
}

function listen() {
  // what ws asks of every client: the first wish, as an offer that cannot be met fails with it
  const [{ takeover, bits }] = wishes;
  const options = { threshold: 0, clientNoContextTakeover: takeover };
  if (bits) options.clientMaxWindowBits = bits;
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: options });
  server.on('connection', echo);
  server.on('listening', () => console.log(server.address().port));
  process.stdin.on('end', () => process.exit()).resume();
}

function connect(port) {
  const ws = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: { threshold: 0 } });
  ws.on('open', () => echo(ws));
  ws.on('error', (error) => console.error(error));
  ws.on('close', (code, reason) => console.log(`closed ${code} ${reason}`));
}

// ws has no option for fallbacks, though it can write them; the parameters are those of Autobahn
if (role !== 'listen') {
  require('ws').PerMessageDeflate.prototype.offer = () => wishes.map(({ takeover, bits }) => {
    const offer = { client_no_context_takeover: true, client_max_window_bits: true };
    if (takeover) offer.server_no_context_takeover = true;
    if (bits) offer.server_max_window_bits = bits;
    return offer;
  });
}
if (role === 'listen') listen();
else connect(Number(role));
