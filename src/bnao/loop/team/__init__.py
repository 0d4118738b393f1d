"""A search or a training by several processes: rank 0 runs it, and followers do what it says of the heavy work."""
