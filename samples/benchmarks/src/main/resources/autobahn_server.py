"""Autobahn|Python on asyncio: echo, and on /broadcast to all. Says "listening PORT", ends with stdin."""
import asyncio
import os
import socket
import sys
import threading

from autobahn.asyncio.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept

members = set()


class Echo(WebSocketServerProtocol):
    def onConnect(self, request):
        self.members = members if request.path == "/broadcast" else None
        return super().onConnect(request)

    def onOpen(self):
        if self.members is not None:
            self.members.add(self)

    def onMessage(self, payload, isBinary):
        for peer in [self] if self.members is None else self.members:
            peer.sendMessage(payload, isBinary)

    def onClose(self, wasClean, code, reason):
        members.discard(self)


def accept(offers):
    for offer in offers:
        if isinstance(offer, PerMessageDeflateOffer):
            return PerMessageDeflateOfferAccept(offer)


def watch():
    sys.stdin.read()
    os._exit(0)


async def main():
    factory = WebSocketServerFactory()
    factory.protocol = Echo
    factory.setProtocolOptions(tcpNoDelay=True, maxMessagePayloadSize=16 * 1024 * 1024)
    if "deflate" in sys.argv:
        factory.setProtocolOptions(perMessageCompressionAccept=accept)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(factory, "127.0.0.1", 0, family=socket.AF_INET, backlog=1024)
    print("listening", server.sockets[0].getsockname()[1], flush=True)
    threading.Thread(target=watch, daemon=True).start()
    await server.serve_forever()


asyncio.run(main())
