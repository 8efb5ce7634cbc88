"""How the store's tables came about, one step a file of `versions/`. Run by `store.schema`."""
