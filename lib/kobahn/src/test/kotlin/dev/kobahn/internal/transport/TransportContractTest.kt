package dev.kobahn.internal.transport

import dev.kobahn.hosting.PipeStream
import dev.kobahn.hosting.StreamDetails
import dev.kobahn.internal.connection.MemoryTransport
import dev.kobahn.internal.transport.tls.Certificates
import dev.kobahn.internal.transport.tls.secured
import io.kotest.core.annotation.Condition
import io.kotest.core.annotation.EnabledIf
import io.kotest.core.spec.Spec
import io.ktor.network.sockets.UnixSocketAddress
import java.io.File
import java.net.Inet6Address
import java.net.NetworkInterface
import kotlin.reflect.KClass
import org.conscrypt.Conscrypt

// One group for all: it stops with the process.
private val lease by lazy { EventLoopGroup("contract", 2).acquire() }

private suspend fun sockets(endpoint: Endpoint): Joined {
    val (first, second) = connectedPair(endpoint, lease)
    return JoinedSockets(first, second)
}

private fun memory(slice: Int): Joined {
    val (first, second) = MemoryTransport.pair(lease.next(), lease.next(), slice = slice)
    return object : Joined {
        override val first = first
        override val second = second
        override val writes get() = first.writes

        override fun vanish() = second.vanish()
    }
}

private fun streams(slice: Int): Joined {
    val streams = PipeStream.pair(slice)
    val first = StreamTransport(lease.next(), StreamDetails("stream:2"))
    val second = StreamTransport(lease.next(), StreamDetails("stream:1"))
    first.attach(streams.first)
    second.attach(streams.second)
    return object : Joined {
        override val first = first
        override val second = second
        override val writes get() = first.writes

        override fun vanish() = streams.second.vanish()
    }
}

private val HERE = Endpoint.Tcp("127.0.0.1", 0)

internal class Ipv4ContractTest : TransportContract({ sockets(HERE) })

@EnabledIf(Ipv6Loopback::class)
internal class Ipv6ContractTest : TransportContract({ sockets(Endpoint.Tcp("::1", 0)) })

@EnabledIf(UnixSockets::class)
internal class UnixContractTest : TransportContract({ sockets(Endpoint.Unix(newSocketPath())) })

internal class MemoryContractTest : TransportContract({ memory(Int.MAX_VALUE) })

internal class MemoryInSlicesContractTest : TransportContract({ memory(slice = 333) })

internal class StreamContractTest : TransportContract({ streams(Int.MAX_VALUE) })

internal class StreamInSlicesContractTest : TransportContract({ streams(slice = 333) })

internal class TlsClientContractTest :
    TransportContract({ sockets(HERE).secured(clientIsFirst = true) })

internal class TlsServerContractTest :
    TransportContract({ sockets(HERE).secured(clientIsFirst = false) })

private val conscrypt by lazy { Certificates.context(Conscrypt.newProvider()) }

private val conscryptClient by lazy { Certificates.clientTls { sslContext { conscrypt } } }

private val conscryptServer by lazy { Certificates.serverTls { sslContext { conscrypt } } }

internal class ConscryptClientContractTest :
    TransportContract({
        sockets(HERE).secured(true, conscryptClient, Certificates.serverTls())
    })

internal class ConscryptServerContractTest :
    TransportContract({
        sockets(HERE).secured(false, Certificates.clientTls(), conscryptServer)
    })

internal class TlsInMemoryContractTest :
    TransportContract({ memory(slice = 333).secured(clientIsFirst = true) })

internal class TlsInTlsContractTest :
    TransportContract({
        sockets(HERE).secured(clientIsFirst = true).secured(clientIsFirst = true)
    })

internal class Ipv6Loopback : Condition {
    override fun evaluate(kclass: KClass<out Spec>): Boolean {
        val found = NetworkInterface.getNetworkInterfaces().asSequence()
            .flatMap { it.inetAddresses.asSequence() }
            .any { it is Inet6Address && it.isLoopbackAddress }
        if (!found) println("${kclass.simpleName} is left out: no IPv6 loopback address here")
        return found
    }
}

internal class UnixSockets : Condition {
    override fun evaluate(kclass: KClass<out Spec>): Boolean {
        val found = UnixSocketAddress.isSupported()
        if (!found) println("${kclass.simpleName} is left out: Unix sockets need Java 16")
        return found
    }
}

private fun newSocketPath(): String {
    val file = File.createTempFile("kobahn", ".socket")
    file.delete()
    file.deleteOnExit()
    return file.path
}
