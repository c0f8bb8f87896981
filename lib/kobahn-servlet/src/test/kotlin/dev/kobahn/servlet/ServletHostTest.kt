package dev.kobahn.servlet

import dev.kobahn.hosting.HostContract

class JettyHostTest : HostContract(ServletHost.starter(::jetty))

class TomcatHostTest : HostContract(ServletHost.starter(::tomcat))
