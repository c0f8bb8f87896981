package dev.kobahn.servlet.violations;

import dev.kobahn.internal.options.OptionValues;

/** Breaks a rule deliberately: Kotlin would not compile this. */
public class KnowsInternals {
    final OptionValues values = new OptionValues(null);
}
