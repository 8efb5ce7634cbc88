"""Written once, never changed: somebody's database has been through them."""
