"""Building blocks for asyncio code that ends."""
