"""Echoes every message with python-websockets, as a server or as a client; see README.md here."""

import asyncio
import sys

import websockets
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)

# each piece is compressed by itself, which takes its time
PIECES = 16


def count_compressed(websocket):
    """Has a list of one number that counts the messages which came compressed."""
    count = [0]
    for extension in websocket.extensions:
        decode = extension.decode

        def counting(frame, *, max_size=None):
            count[0] += frame.rsv1
            return decode(frame, max_size=max_size)

        extension.decode = counting
    return count


def report(websocket, received, compressed):
    lines = [f"received={received}", f"compressed={compressed}"]
    local, remote = ("client", "server") if websocket.is_client else ("server", "client")
    for extension in websocket.extensions:
        lines += [
            f"{local}_no_context_takeover={extension.local_no_context_takeover}",
            f"{remote}_no_context_takeover={extension.remote_no_context_takeover}",
            f"{local}_max_window_bits={extension.local_max_window_bits}",
            f"{remote}_max_window_bits={extension.remote_max_window_bits}",
        ]
    return "\n".join(lines).lower()


async def echo(websocket, path=None):
    fragment = received = 0
    compressed = count_compressed(websocket)
    async for message in websocket:
        if isinstance(message, str) and message.startswith("!fragment "):
            fragment = int(message.split()[1])
        if message == "!report":
            # the order to report was compressed, too
            await websocket.send(report(websocket, received, compressed[0] - 1))
            received = compressed[0] = 0
            continue
        received += 1
        step = max(fragment, -(-len(message) // PIECES))
        if fragment and step < len(message):
            pieces = [message[at : at + step] for at in range(0, len(message), step)]
            await websocket.send(pieces)
        else:
            await websocket.send(message)


async def listen(wishes):
    extensions = [
        ServerPerMessageDeflateFactory(
            client_no_context_takeover=takeover, client_max_window_bits=bits or None
        )
        for takeover, bits in wishes
    ]
    options = {"max_size": 2**26, "compression": None, "extensions": extensions}
    async with websockets.serve(echo, "127.0.0.1", 0, **options) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def connect(port, wishes):
    extensions = [
        ClientPerMessageDeflateFactory(
            server_no_context_takeover=takeover,
            client_no_context_takeover=False,
            server_max_window_bits=bits or None,
        )
        for takeover, bits in wishes
    ]
    options = {"max_size": 2**26, "compression": None, "extensions": extensions}
    async with websockets.connect(f"ws://127.0.0.1:{port}/", **options) as websocket:
        await echo(websocket)
        print("closed", websocket.close_code, websocket.close_reason, flush=True)


def main(role, wishes):
    parsed = [wish.split(",") for wish in wishes.split(";")]
    pairs = [(takeover == "true", int(bits)) for takeover, bits in parsed]
    asyncio.run(listen(pairs) if role == "listen" else connect(int(role), pairs))


main(*sys.argv[1:])
