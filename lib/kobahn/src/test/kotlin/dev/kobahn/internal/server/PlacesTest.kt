package dev.kobahn.internal.server

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe

class PlacesTest :
    FunSpec({
        test("places for pages follow those for connections, and then there is none") {
            val places = Places(maxConnections = 2)
            repeat(2) { places.take() shouldBe Place.CONNECTION }
            repeat(Places.MAX_PAGES) { places.take() shouldBe Place.PAGE }
            places.take().shouldBeNull()
            places.connectionCount shouldBe 2
        }

        test("a place that is given back is free again") {
            val places = Places(maxConnections = 1)
            places.take()
            repeat(Places.MAX_PAGES) { places.take() }
            places.giveBack(null)
            places.take().shouldBeNull()
            places.giveBack(Place.PAGE)
            places.take() shouldBe Place.PAGE
            places.giveBack(Place.CONNECTION)
            places.connectionCount shouldBe 0
            places.take() shouldBe Place.CONNECTION
        }

        test("zero connections are no limit") {
            val places = Places(maxConnections = 0)
            repeat(10_000) { places.take() shouldBe Place.CONNECTION }
        }
    })
