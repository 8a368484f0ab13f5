"""Stock: what its owner has, what is promised, what each channel shows, and the one road by which a channel is told."""
