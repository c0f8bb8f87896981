package dev.kobahn

import java.io.File

/** The public declarations, as the API dumps have them: members by their class, in JVM form. */
internal class Declarations(dump: List<String>) {
    private val members = LinkedHashMap<String, MutableSet<String>>()

    init {
        var names = mutableSetOf<String>()
        for (line in dump) {
            CLASS.find(line)?.let { names = members.getOrPut(it.groupValues[1], ::mutableSetOf) }
            MEMBER.find(line)?.let { names.add(it.groupValues[1]) }
        }
    }

    /** Whether [name], relative to the root package, is a class, a member of one, or a function. */
    operator fun contains(name: String): Boolean {
        val parts = name.split('.')
        val path = parts.takeWhile { it.first().isLowerCase() }
        val rest = parts.drop(path.size)
        if (rest.isEmpty()) return hasFunction(path.dropLast(1), path.last())
        val owner = (listOf("dev/kobahn") + path).joinToString("/") + "/"
        return owner + rest.joinToString("$") in members ||
            hasMember(owner + rest.dropLast(1).joinToString("$"), rest.last())
    }

    private fun hasFunction(path: List<String>, name: String): Boolean {
        val owner = (listOf("dev/kobahn") + path).joinToString("/") + "/"
        return members.any { (file, names) ->
            file.endsWith("Kt") && file.substringBeforeLast('/') + "/" == owner && name in names
        }
    }

    private fun hasMember(owner: String, name: String): Boolean {
        val capital = name.replaceFirstChar(Char::uppercaseChar)
        return members[owner].orEmpty().any { it == name || it == "get$capital" }
    }

    companion object {
        /** The declarations of all modules. */
        fun ofAllModules() = Declarations(
            File("..").listFiles().orEmpty().flatMap { module ->
                module.resolve("api").listFiles().orEmpty().flatMap { it.readLines() }
            },
        )

        private val CLASS = Regex("""^public .*(?:class|interface) (\S+) .*\{$""")

        /** Without the suffix that a value class in the signature adds to the name. */
        private val MEMBER = Regex("""^\tpublic .*(?:fun|field) (\w+)(?:-\w+)? """)
    }
}
