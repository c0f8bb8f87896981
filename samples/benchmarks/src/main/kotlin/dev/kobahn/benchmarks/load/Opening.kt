package dev.kobahn.benchmarks.load

/** Opens many connections without more of them under way than a server's backlog takes. */
internal class Opening(private val loop: LoadLoop) {
    private var pending = 0

    /** To be called for each connection when it is open. */
    fun opened() {
        pending--
    }

    fun open(count: Int, connect: (index: Int) -> LoadConnection) {
        val deadline = System.nanoTime() + TIME
        for (index in 0 until count) {
            connect(index)
            pending++
            loop.run(deadline, "opening connections") { pending < MOST_PENDING }
        }
        loop.run(deadline, "opening connections") { pending == 0 }
    }

    private companion object {
        const val MOST_PENDING = 64
        const val TIME = 60_000_000_000L
    }
}
