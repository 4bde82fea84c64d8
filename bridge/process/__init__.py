"""Starting R or joining it, and what both languages share in one process."""
