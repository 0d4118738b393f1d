"""Planning a search by time: what its stages take, from measured steps, and settings that fit a limit of minutes."""
