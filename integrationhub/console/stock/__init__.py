"""Stock on screen: what each channel may show and shows, what was held back, and what people decide about it."""
