package dev.kobahn

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
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

        test("a path begins with a slash, and a name stands once") {
            shouldThrow<IllegalArgumentException> { Route("a") }
            shouldThrow<IllegalArgumentException> { Route("/{x}/{x}") }
        }
    })
