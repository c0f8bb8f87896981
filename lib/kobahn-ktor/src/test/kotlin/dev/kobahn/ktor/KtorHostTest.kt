package dev.kobahn.ktor

import dev.kobahn.hosting.HostContract
import io.ktor.server.cio.CIO
import io.ktor.server.jetty.jakarta.Jetty
import io.ktor.server.netty.Netty

class CioHostTest : HostContract(KtorHost.starter(CIO))

/** The decoder of Netty's engine reads bytes that come before the upgrade as HTTP. */
class NettyHostTest : HostContract(KtorHost.starter(Netty), keepsEarlyFrames = false)

/** Jetty's engine drops bytes that come before the upgrade. */
class JettyHostTest : HostContract(KtorHost.starter(Jetty), keepsEarlyFrames = false)
