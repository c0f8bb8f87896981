package dev.kobahn.interop

import java.io.File

/** A JDK of another version than that of the tests: the newest that stands beside it. */
internal class OtherJdk private constructor(folder: File) {
    /** The version that its `release` file names, such as 25.0.1, or null if it names none. */
    val version: String? = File(folder, "release").takeIf(File::exists)?.readLines()
        ?.find { it.startsWith("JAVA_VERSION=") }?.substringAfter('=')?.trim('"')

    /** The program `java`. */
    val java: File = File(folder, "bin/java")

    private val feature: Int = version?.substringBefore('.')?.toIntOrNull() ?: 0

    companion object {
        /** The newest one, or null if there is none from version 17 on. */
        val newest: OtherJdk? by lazy {
            val own = File(System.getProperty("java.home")).canonicalFile
            val folders = listOfNotNull(own.parentFile, File("/usr/lib/jvm"))
            folders.flatMap { it.listFiles().orEmpty().toList() }.map(::OtherJdk)
                .filter { it.java.canExecute() && it.feature >= OLDEST }
                .filter { it.feature != Runtime.version().feature() }
                .maxByOrNull { it.feature }
        }

        private const val OLDEST = 17
    }
}
