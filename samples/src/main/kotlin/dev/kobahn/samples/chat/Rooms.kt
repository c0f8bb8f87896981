package dev.kobahn.samples.chat

import dev.kobahn.WebSocket

/**
 * All rooms by name. A room is made when its first person enters, and is kept with its history when
 * the last one has left. Above [limit] rooms, the empty rooms that were entered longest ago are
 * removed. Thread-safe.
 */
internal class Rooms(
    private val limit: Int = 200,
    private val now: () -> Long = System::currentTimeMillis,
) {
    private val rooms = LinkedHashMap<String, Room>(INITIAL_SIZE, LOAD_FACTOR, true)

    /** The place of one person in a room, under [name]. */
    class Seat(private val room: Room, val name: String) {
        /** Says [text] to all in the room. */
        fun say(text: String) = room.say(name, text)

        /** Gives the seat up. */
        fun leave() = room.leave(name)
    }

    /** Enters the room [roomName] as [wanted], with a number after it if that name is taken. */
    @Synchronized
    fun enter(roomName: String, wanted: String, webSocket: WebSocket): Seat {
        val room = rooms.getOrPut(roomName) { Room(roomName, now) }
        val seat = Seat(room, room.join(wanted, webSocket))
        forgetEmptyOnes()
        return seat
    }

    private fun forgetEmptyOnes() {
        val inOrder = rooms.values.iterator()
        while (rooms.size > limit && inOrder.hasNext()) {
            if (inOrder.next().isEmpty) inOrder.remove()
        }
    }

    private companion object {
        const val INITIAL_SIZE = 16
        const val LOAD_FACTOR = 0.75f
    }
}
