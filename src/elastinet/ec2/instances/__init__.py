"""Instances: their types, images, launch, life, placement."""
