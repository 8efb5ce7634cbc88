"""How good a forecaster is, which one is champion, and how to say so."""
