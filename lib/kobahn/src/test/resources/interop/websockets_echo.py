"""Echoes every message with python-websockets; prints the port, ends when stdin ends.

Serves wss with the arguments: certificate, key and, to demand certificates of clients, an authority.
"""

import asyncio
import ssl
import sys

import websockets


async def echo(websocket, path=None):
    async for message in websocket:
        await websocket.send(message)


def secure(certificate, key, authority=None):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    if authority:
        context.load_verify_locations(authority)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


async def main():
    options = {"max_size": 2**26, "compression": "deflate"}
    if len(sys.argv) > 1:
        options["ssl"] = secure(*sys.argv[1:])
    async with websockets.serve(echo, "127.0.0.1", 0, **options) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
