package dev.kobahn.internal.options

/**
 * The values of options that were set, by name. Other options have the value of [parent], even if
 * that is set later. If the parent is frozen, so is this.
 */
internal class OptionValues(private val parent: OptionValues?) {
    private val own = HashMap<String, Any?>()
    private val hidden = HashSet<String>()
    private var frozen = false

    /** Whether these may still change when the parent is frozen. */
    var isLate = false

    /** Whether the options are in use and cannot change. */
    val isFrozen: Boolean get() = frozen || (!isLate && parent?.isFrozen == true)

    fun freeze() {
        frozen = true
    }

    operator fun set(name: String, value: Any?) {
        own[name] = value
    }

    /** Returns the value of [name] set here, not in the parent, or null. */
    fun own(name: String): Any? = own[name]

    /** Ignores the parent's value of [name] from now on. */
    fun hide(name: String) {
        hidden.add(name)
    }

    /** Returns the value of [name], or [otherwise] if it was not set. */
    @Suppress("UNCHECKED_CAST")
    fun <T> get(name: String, otherwise: T): T = when {
        name in own -> own[name] as T
        parent == null || name in hidden -> otherwise
        else -> parent.get(name, otherwise)
    }

    /** Returns whether [name] was set, here or in the parent. */
    fun isSet(name: String): Boolean =
        name in own || (name !in hidden && parent?.isSet(name) == true)
}
