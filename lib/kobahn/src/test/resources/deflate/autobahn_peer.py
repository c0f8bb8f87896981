"""Echoes every message with autobahn-python, as a server or as a client; see README.md here.

Text is not validated, which takes longer than all the rest: what is wrong does not come back equal.
"""

import asyncio
import sys

from autobahn.asyncio.websocket import (
    WebSocketClientFactory,
    WebSocketClientProtocol,
    WebSocketServerFactory,
    WebSocketServerProtocol,
)
from autobahn.websocket.compress import (
    PerMessageDeflateOffer,
    PerMessageDeflateOfferAccept,
    PerMessageDeflateResponse,
    PerMessageDeflateResponseAccept,
)


class Echo:
    """What both roles do."""

    fragment = None
    received = 0
    compressed = 0

    def onMessage(self, payload, isBinary):
        if not isBinary and payload.startswith(b"!fragment "):
            self.fragment = int(payload.split()[1]) or None
        if not isBinary and payload == b"!report":
            self.sendMessage(self.report())
            return
        self.received += 1
        self.compressed += self._isMessageCompressed
        self.sendMessage(payload, isBinary, fragmentSize=self.fragment)

    def report(self):
        agreed = self._perMessageCompress
        lines = [f"received={self.received}", f"compressed={self.compressed}"]
        self.received = self.compressed = 0
        if agreed is not None:
            lines += [
                f"server_no_context_takeover={agreed.server_no_context_takeover}",
                f"client_no_context_takeover={agreed.client_no_context_takeover}",
                f"server_max_window_bits={agreed.server_max_window_bits}",
                f"client_max_window_bits={agreed.client_max_window_bits}",
            ]
        return "\n".join(lines).lower().encode()


class Server(Echo, WebSocketServerProtocol):
    pass


class Client(Echo, WebSocketClientProtocol):
    def onClose(self, wasClean, code, reason):
        if not self.factory.closed.done():
            self.factory.closed.set_result(f"{wasClean} {code} {reason}")


def accept(wishes):
    """The first wish that one of the offers lets the server have, as the test suite's acceptors."""

    def accept_offers(offers):
        offers = [offer for offer in offers if isinstance(offer, PerMessageDeflateOffer)]
        for takeover, bits in wishes:
            for offer in offers:
                if takeover and not offer.accept_no_context_takeover:
                    continue
                if bits and not offer.accept_max_window_bits:
                    continue
                return PerMessageDeflateOfferAccept(offer, takeover, bits)

    return accept_offers


def confirm(response):
    if isinstance(response, PerMessageDeflateResponse):
        return PerMessageDeflateResponseAccept(response)


async def listen(wishes):
    loop = asyncio.get_running_loop()
    factory = WebSocketServerFactory()
    factory.protocol = Server
    factory.setProtocolOptions(
        perMessageCompressionAccept=accept(wishes), utf8validateIncoming=False
    )
    server = await loop.create_server(factory, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


async def connect(port, wishes):
    loop = asyncio.get_running_loop()
    factory = WebSocketClientFactory(f"ws://127.0.0.1:{port}/")
    factory.protocol = Client
    factory.closed = loop.create_future()
    offers = [
        PerMessageDeflateOffer(request_no_context_takeover=takeover, request_max_window_bits=bits)
        for takeover, bits in wishes
    ]
    factory.setProtocolOptions(
        perMessageCompressionOffers=offers,
        perMessageCompressionAccept=confirm,
        utf8validateIncoming=False,
    )
    await loop.create_connection(factory, "127.0.0.1", port)
    print("closed", await factory.closed, flush=True)


def main(role, wishes):
    parsed = [wish.split(",") for wish in wishes.split(";")]
    pairs = [(takeover == "true", int(bits)) for takeover, bits in parsed]
    asyncio.run(listen(pairs) if role == "listen" else connect(int(role), pairs))


main(*sys.argv[1:])
