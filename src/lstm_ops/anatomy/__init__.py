"""LSTM explained: the dimensions, the arithmetic and the memory of a given fitted network."""
