"""Speaks permessage-bzip2, -snappy and -brotli with autobahn-python.

    autobahn_codecs.py server ASK                    echoes; prints the port, ends when stdin ends
    autobahn_codecs.py client PORT NAME ACCEPT ASK   sends messages to an echo, prints how many came back

ACCEPT and ASK are 0 or 1: what is accepted of the peer, and what is asked of it.
"""

import asyncio
import sys

import autobahn.websocket.compress as compress
import autobahn.websocket.compress_snappy as of_snappy
import brotli
import snappy.snappy
from autobahn.asyncio.websocket import (
    WebSocketClientFactory,
    WebSocketClientProtocol,
    WebSocketServerFactory,
    WebSocketServerProtocol,
)

# python-snappy 0.5 cannot compute checksums on Python 3.10 and later

TABLE = []
for number in range(256):
    for _ in range(8):
        number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)
    TABLE.append(number)


def crc32c(octets):
    crc = 0xFFFFFFFF
    for octet in octets:
        crc = TABLE[(crc ^ octet) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


snappy.snappy._crc32c = crc32c

# Debian's Autobahn has no permessage-brotli. Others have that of Snappy with another codec in it,
# which is finished after each message and kept nevertheless.


class Brotli:
    EXTENSION_NAME = "permessage-brotli"


class BrotliOffer(Brotli, of_snappy.PerMessageSnappyOffer):
    pass


class BrotliOfferAccept(Brotli, of_snappy.PerMessageSnappyOfferAccept):
    pass


class BrotliResponse(Brotli, of_snappy.PerMessageSnappyResponse):
    pass


class BrotliResponseAccept(Brotli, of_snappy.PerMessageSnappyResponseAccept):
    pass


class BrotliCodec(Brotli, of_snappy.PerMessageSnappy):
    def sends_alone(self):
        return self.server_no_context_takeover if self._is_server else self.client_no_context_takeover

    def receives_alone(self):
        return self.client_no_context_takeover if self._is_server else self.server_no_context_takeover

    def start_compress_message(self):
        if self._compressor is None or self.sends_alone():
            self._compressor = brotli.Compressor()

    def compress_message_data(self, data):
        return self._compressor.process(data)

    def end_compress_message(self):
        return self._compressor.finish()

    def start_decompress_message(self):
        if self._decompressor is None or self.receives_alone():
            self._decompressor = brotli.Decompressor()

    def decompress_message_data(self, data):
        return self._decompressor.process(data)


KNOWN = compress.PERMESSAGE_COMPRESSION_EXTENSION
KNOWN[Brotli.EXTENSION_NAME] = {
    "Offer": BrotliOffer,
    "OfferAccept": BrotliOfferAccept,
    "Response": BrotliResponse,
    "ResponseAccept": BrotliResponseAccept,
    "PMCE": BrotliCodec,
}

LEVEL = 3


class Echo(WebSocketServerProtocol):
    def onMessage(self, payload, isBinary):
        self.sendMessage(payload, isBinary)


async def serve(ask):
    def accept(offers):
        offer = offers[0]
        name = offer.EXTENSION_NAME
        asked = LEVEL if name == "permessage-bzip2" else True
        return KNOWN[name]["OfferAccept"](offer, asked) if ask else KNOWN[name]["OfferAccept"](offer)

    factory = WebSocketServerFactory()
    factory.protocol = Echo
    factory.setProtocolOptions(perMessageCompressionAccept=accept)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(factory, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def messages():
    for size in [0, 1, 125, 126, 65535, 65536, 1 << 18, 1]:
        yield bytes(i * 31 & 0xFF for i in range(size)), True
        yield ("é" * (size // 2)).encode(), False


async def call(port, name, accepted, ask):
    ended = asyncio.get_running_loop().create_future()

    class Caller(WebSocketClientProtocol):
        def onOpen(self):
            self.left = list(messages())
            self.count = 0
            self.next()

        def next(self):
            if self.left:
                self.sendMessage(*self.left[0])
            else:
                self.sendClose(1000)

        def onMessage(self, payload, isBinary):
            if (payload, isBinary) != self.left.pop(0):
                self.dropConnection()
            self.count += 1
            self.next()

        def onClose(self, wasClean, code, reason):
            ended.set_result("%d %s %s" % (getattr(self, "count", 0), wasClean, reason))

    asked = LEVEL if name == "permessage-bzip2" else True
    offer = KNOWN[name]["Offer"](accepted, asked) if ask else KNOWN[name]["Offer"](accepted)
    factory = WebSocketClientFactory("ws://127.0.0.1:%d/" % port)
    factory.protocol = Caller
    factory.setProtocolOptions(
        perMessageCompressionOffers=[offer],
        perMessageCompressionAccept=lambda response: KNOWN[name]["ResponseAccept"](response),
    )
    await asyncio.get_running_loop().create_connection(factory, "127.0.0.1", port)
    print(await ended)


if sys.argv[1] == "server":
    asyncio.run(serve(sys.argv[2] == "1"))
else:
    asyncio.run(call(int(sys.argv[2]), sys.argv[3], sys.argv[4] == "1", sys.argv[5] == "1"))
