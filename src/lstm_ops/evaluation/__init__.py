"""How good a forecaster is, which one should be champion, and how to say so."""
