"""What the home page is made of: what needs the person, how the hub is, what was counted, what is drawn."""
