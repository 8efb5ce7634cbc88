"""What became of forecasts, and of the series they are about: measured, and when it is an alarm."""
