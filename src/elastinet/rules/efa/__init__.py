"""Elastic Fabric Adapters: who may have them, and what goes past the kernel."""
