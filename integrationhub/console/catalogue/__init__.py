"""Products and prices on screen: what each channel knows, what keeps the rest back, and what people decide about it."""
