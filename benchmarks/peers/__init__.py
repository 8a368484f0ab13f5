"""What the hub is measured against, each in a process of its own and in the same run. None of it is part of the hub."""
