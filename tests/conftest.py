"""Fixtures that several rooms use: small, real, made on the spot."""
