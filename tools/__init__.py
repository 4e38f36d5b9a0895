"""Scripts for those who work on DigitPad."""
