"""Simulated ultrasound of a moving heart, with exact labels."""
