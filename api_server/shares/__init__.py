"""Share links: one clip, for whoever holds the link, until it expires or is withdrawn."""
