package dev.kobahn

import dev.kobahn.protocol.Allocation
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe

class RouteTest :
    FunSpec({
        test("a path matches itself only") {
            Route("/a/b").match("/a/b") shouldBe emptyMap()
            for (other in listOf("/a", "/a/b/", "/a/B", "/a/b/c", "/", "")) {
                Route("/a/b").match(other) shouldBe null
            }
        }

        test("a name in braces stands for one segment, which must not be empty") {
            val route = Route("/rooms/{room}/{user}")
            route.match("/rooms/lobby/ann") shouldBe mapOf("room" to "lobby", "user" to "ann")
            route.match("/rooms/lobby/") shouldBe null
            route.match("/rooms/lobby/ann/x") shouldBe null
        }

        test("the values of names are percent-decoded, once they are told apart") {
            val route = Route("/rooms/{room}/{user}")
            route.match("/rooms/caf%C3%A9+1/a%20b") shouldBe
                mapOf("room" to "caf\u00e9+1", "user" to "a b")
            route.match("/rooms/a%2Fb/c%25d") shouldBe mapOf("room" to "a/b", "user" to "c%d")
            route.match("/rooms/100%/%zz") shouldBe mapOf("room" to "100%", "user" to "%zz")
        }

        test("a name with dots at the end stands for the rest of the path, which may be empty") {
            val route = Route("/files/{owner}/{rest...}")
            route.match("/files/ann/a/b%20c.txt") shouldBe
                mapOf("owner" to "ann", "rest" to "a/b c.txt")
            route.match("/files/ann/") shouldBe mapOf("owner" to "ann", "rest" to "")
            route.match("/files/ann/a//b/") shouldBe mapOf("owner" to "ann", "rest" to "a//b/")
            route.match("/files/ann") shouldBe null
            route.match("/files//a") shouldBe null
            route.match("/other/ann/a") shouldBe null
            Route("/{all...}").match("/a/b") shouldBe mapOf("all" to "a/b")
        }

        test("the rest of a path is the last segment, and has a name") {
            shouldThrow<IllegalArgumentException> { Route("/{rest...}/a") }
            shouldThrow<IllegalArgumentException> { Route("/{...}") }
            shouldThrow<IllegalArgumentException> { Route("/{x}/{x...}") }
        }

        test("a path that does not match costs nothing").config(enabled = Allocation.isMeasured) {
            val route = Route("/rooms/{room}")
            val path = "/".repeat(8000)
            route.match(path)
            Allocation.of { repeat(100) { route.match(path) } } shouldBeLessThan 10_000L
        }

        test("a path begins with a slash, and a name stands once") {
            shouldThrow<IllegalArgumentException> { Route("a") }
            shouldThrow<IllegalArgumentException> { Route("/{x}/{x}") }
        }
    })
