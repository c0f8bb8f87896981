// A client with ws of a server that echoes: url, authority, certificate, key. Sends messages of every
// length form, a Ping and a Close, and prints the code of the Close it gets.
'use strict';

const assert = require('assert');
const { once } = require('events');
const { readFileSync } = require('fs');
const { WebSocket } = require('ws');

const [url, ...files] = process.argv.slice(2);
const [ca, cert, key] = files.map((file) => readFileSync(file));
const ws = new WebSocket(url, { ca, cert, key });

async function exchange() {
  await once(ws, 'open');
  for (const size of [0, 1, 125, 126, 65535, 65536, 1 << 20]) {
    for (const message of [Buffer.alloc(size), 'é'.repeat(size / 2)]) {
      ws.send(message);
      const [data, isBinary] = await once(ws, 'message');
      assert.strictEqual(isBinary, typeof message !== 'string');
      assert.ok(data.equals(Buffer.from(message)), `${size}`);
    }
  }
  ws.ping('are you there');
  const [payload] = await once(ws, 'pong');
  assert.strictEqual(payload.toString(), 'are you there');
  ws.close(1000);
  const [code] = await once(ws, 'close');
  console.log(code);
}

exchange();
