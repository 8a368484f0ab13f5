"""What every admin page shares."""
