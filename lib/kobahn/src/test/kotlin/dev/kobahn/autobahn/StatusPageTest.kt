package dev.kobahn.autobahn

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain

/** The page alone; `WebStatusTest` shows what a server answers. */
class StatusPageTest :
    FunSpec({
        test("a page of one's own goes nowhere unless it is told where") {
            StatusPage().page().body.decodeToString() shouldNotContain "refresh"
            StatusPage().page("http://a.example/", 2).body.decodeToString() shouldContain
                "2;url=http://a.example/"
        }

        test("a page of one's own goes to http and https only, and not back in time") {
            for (url in listOf("javascript:alert(1)", "ftp://a.example/", "/local")) {
                shouldThrow<IllegalArgumentException> { StatusPage().page(url, 0) }
            }
            shouldThrow<IllegalArgumentException> { StatusPage().page("http://a.example/", -1) }
        }
    })
