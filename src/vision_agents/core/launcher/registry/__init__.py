"""Which sessions there are on all nodes, and whose closing was asked for.

`SessionRegistry` is what the launcher uses; `port.RegistryStore` is what it needs of a store: in memory,
on Redis, or adapted from a key-value store of yours.
"""
