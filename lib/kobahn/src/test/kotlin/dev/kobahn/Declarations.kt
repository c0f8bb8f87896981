package dev.kobahn

import java.io.File

/** The public declarations, as the API dumps have them: members by their class, in JVM form. */
internal class Declarations(dump: List<String>) {
    private val members = LinkedHashMap<String, MutableSet<String>>()

    /** The functions outside classes, by their path. They are static members of a file's class. */
    private val functions = HashSet<String>()

    init {
        var names = mutableSetOf<String>()
        var path = ""
        for (line in dump) {
            CLASS.find(line)?.let {
                names = members.getOrPut(it.groupValues[1], ::mutableSetOf)
                path = it.groupValues[1].substringBeforeLast('/')
            }
            MEMBER.find(line)?.let { names.add(it.groupValues[1]) }
            STATIC.find(line)?.let { functions.add("$path/${it.groupValues[1]}") }
        }
    }

    /** Whether [name], relative to the root package, is a class, a member of one, or a function. */
    operator fun contains(name: String): Boolean {
        val parts = name.split('.')
        val path = parts.takeWhile { it.first().isLowerCase() }
        val rest = parts.drop(path.size)
        if (rest.isEmpty()) return (listOf("dev/kobahn") + path).joinToString("/") in functions
        val owner = (listOf("dev/kobahn") + path).joinToString("/") + "/"
        return owner + rest.joinToString("$") in members ||
            hasMember(owner + rest.dropLast(1).joinToString("$"), rest.last())
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
        private val STATIC = Regex("""^\tpublic static .*fun (\w+)(?:-\w+)? """)
    }
}
