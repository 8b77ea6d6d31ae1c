"""The names that leaves may import from the core, besides the public names of `orderledger`.

A leaf is a package beside the core that answers one question: `venues`, `gateway`, `audit`,
`analytics`, `serve`. It imports `orderledger` and the modules of this package, and never
`orderledger.domain`, `orderledger.projections` or `orderledger.infrastructure`. Names here may
change with a minor version; each is used by a leaf of this package.
"""
