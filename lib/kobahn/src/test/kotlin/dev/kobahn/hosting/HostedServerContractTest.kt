package dev.kobahn.hosting

class WholeStreamHostTest : HostContract(SocketHost.starter { handOver(it) })

class HeadAndStreamHostTest : HostContract(SocketHost.starter { readAndHandOver(it) })

class AnsweringHostTest : HostContract(SocketHost.starter { answer(it) })
