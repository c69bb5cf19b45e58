"""From the objects of a desired network to items, which are what the kernel shall hold. Pure."""
