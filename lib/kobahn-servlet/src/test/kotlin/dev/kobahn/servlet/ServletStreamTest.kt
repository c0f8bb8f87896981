package dev.kobahn.servlet

import dev.kobahn.hosting.ByteStreamListener
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import jakarta.servlet.ServletInputStream
import jakarta.servlet.ServletOutputStream
import jakarta.servlet.http.WebConnection
import java.io.IOException
import java.nio.ByteBuffer

/** A connection that has ended before its streams were asked for. */
private class EndedConnection : WebConnection {
    var isClosed = false

    override fun getInputStream(): ServletInputStream = throw IOException("the end")

    override fun getOutputStream(): ServletOutputStream = throw IOException("the end")

    override fun close() {
        isClosed = true
    }
}

private object Unmoved : ByteStreamListener {
    override fun onBytes(bytes: ByteBuffer) = Unit

    override fun onInputEnd() = Unit

    override fun onWritten() = Unit

    override fun onClosed(cause: Throwable?) = Unit
}

class ServletStreamTest :
    FunSpec({
        test("a stream that could not start is closed") {
            val connection = EndedConnection()
            val stream = ServletStream(connection)
            shouldThrow<IOException> { stream.start(Unmoved) }
            stream.close()
            connection.isClosed shouldBe true
        }

        test("a stream that was never started is closed") {
            val connection = EndedConnection()
            ServletStream(connection).close()
            connection.isClosed shouldBe true
        }
    })
