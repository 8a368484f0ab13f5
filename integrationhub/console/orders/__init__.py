"""Orders on screen: the list, and one order's two sides, lines, dispatches and everything that happened to it."""
