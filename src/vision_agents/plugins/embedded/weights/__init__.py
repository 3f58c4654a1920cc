"""Model weights: named in `manifest`, kept in `cache`, brought by `fetch`, asked for through `store`."""
