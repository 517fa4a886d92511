"""The page of a whole run, from what its finished directories hold."""
