"""Schema changes of the store, one file per release step, applied when a store is opened."""
