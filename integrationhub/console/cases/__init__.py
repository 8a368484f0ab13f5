"""Cases on screen: the queue, one case with its fix beside the words, what waits for it, and what pressing a button did."""
