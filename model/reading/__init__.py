"""Turns frames into answers: recognition, confidence, numbers, explanations, personalisation."""
