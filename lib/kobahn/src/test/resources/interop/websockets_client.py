"""A client with python-websockets of a server that echoes: url, authority, certificate, key.

Sends messages of every length form, a Ping and a Close, and prints the code of the Close it gets.
"""

import asyncio
import ssl
import sys

import websockets


async def main(url, authority, certificate, key):
    context = ssl.create_default_context(cafile=authority)
    context.load_cert_chain(certificate, key)
    async with websockets.connect(url, ssl=context, max_size=2**26) as websocket:
        for size in (0, 1, 125, 126, 65535, 65536, 1 << 20):
            for message in (bytes(size), "é" * (size // 2)):
                await websocket.send(message)
                assert await websocket.recv() == message, size
        await (await websocket.ping())
        await websocket.close()
        print(websocket.close_code)


asyncio.run(main(*sys.argv[1:]))
