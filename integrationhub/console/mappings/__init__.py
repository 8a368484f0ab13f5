"""Mapping tables on screen: lists, one code's story, what was seen without a mapping, imports and exports."""
