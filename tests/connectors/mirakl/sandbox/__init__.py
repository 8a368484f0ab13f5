"""The Mirakl sandbox held against what is documented of the platform, through real HTTP."""
