"""A client with python-websocket of a server that echoes: url, authority, certificate, key.

Sends messages of every length form, a Ping and a Close, and prints the code of the Close it gets.
"""

import struct
import sys

import websocket

url, authority, certificate, key = sys.argv[1:]
options = {"ca_certs": authority, "certfile": certificate, "keyfile": key}
connection = websocket.create_connection(url, sslopt=options)
for size in (0, 1, 125, 126, 65535, 65536, 1 << 20):
    connection.send_binary(bytes(size))
    assert connection.recv() == bytes(size), size
    connection.send("é" * (size // 2))
    assert connection.recv() == "é" * (size // 2), size
connection.ping("are you there")
opcode, payload = connection.recv_data(control_frame=True)
assert (opcode, payload) == (websocket.ABNF.OPCODE_PONG, b"are you there"), opcode
connection.send_close()
opcode, payload = connection.recv_data(control_frame=True)
assert opcode == websocket.ABNF.OPCODE_CLOSE, opcode
print(struct.unpack("!H", payload[:2])[0])
connection.shutdown()
