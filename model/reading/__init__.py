"""Frames in, answers out: recognition, confidence, whole numbers, explanations, personalisation."""
