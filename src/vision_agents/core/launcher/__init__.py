"""Starting, supervising and ending sessions on this node."""
