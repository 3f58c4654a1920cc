"""Everything that can happen in a session, and the bus that tells of it."""
