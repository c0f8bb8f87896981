package dev.kobahn.internal.options

/**
 * The options that were set, by their names. What was not set is as in [parent], also when that is
 * set later. Once the parent is frozen this is too.
 */
internal class OptionValues(private val parent: OptionValues?) {
    private val own = HashMap<String, Any?>()
    private val hidden = HashSet<String>()
    private var frozen = false

    /** Whether the options are in use and cannot be changed. */
    val isFrozen: Boolean get() = frozen || parent?.isFrozen == true

    fun freeze() {
        frozen = true
    }

    operator fun set(name: String, value: Any?) {
        own[name] = value
    }

    /** What was set as [name] here, not in the parent; null if nothing was. */
    fun own(name: String): Any? = own[name]

    /** From now on what the parent has as [name] does not count here. */
    fun hide(name: String) {
        hidden.add(name)
    }

    /** The value of [name], or [otherwise] if it was set nowhere. */
    @Suppress("UNCHECKED_CAST")
    fun <T> get(name: String, otherwise: T): T = when {
        name in own -> own[name] as T
        parent == null || name in hidden -> otherwise
        else -> parent.get(name, otherwise)
    }

    /** Whether [name] was set, here or in the parent. */
    fun isSet(name: String): Boolean =
        name in own || (name !in hidden && parent?.isSet(name) == true)
}
