"""The console's pages, asked through Django's client."""
