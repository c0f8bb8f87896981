// Echoes every message with ws over TLS: certificate, key and, to demand certificates of clients, an
// authority. Prints the port, ends when stdin ends.
'use strict';

const { readFileSync } = require('fs');
const https = require('https');
const { WebSocketServer } = require('ws');

const [certificate, key, authority] = process.argv.slice(2);
const options = { cert: readFileSync(certificate), key: readFileSync(key) };
if (authority) Object.assign(options, { ca: readFileSync(authority), requestCert: true });
const server = https.createServer(options);
new WebSocketServer({ server, perMessageDeflate: true }).on('connection', (ws) => {
  ws.on('message', (data, binary) => ws.send(data, { binary }));
  ws.on('error', (error) => console.error(error));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit()).resume();
